// A map without tiles: districts as outlines, things as dots (squares where measured), in the city's own frame.

import { badge } from "./badge.js";
import { draw, empty, find, make, named, rankOf, show, tintOf } from "./element.js";
import { age, label, result, t, whole } from "./text.js";

const HEIGHT = 420;
const EDGE = 18;
const hidden = new Set();
let chosen = null;

// Plate carree about the middle latitude, fitted into the frame: true enough for one city.
function frame(points, width) {
  const middle = points.reduce((sum, point) => sum + point[1], 0) / points.length;
  const squeeze = Math.cos((middle * Math.PI) / 180);
  const flat = points.map(([x, y]) => [x * squeeze, -y]);
  const [left, top] = [0, 1].map((axis) => Math.min(...flat.map((p) => p[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...flat.map((p) => p[axis])));
  const scale = Math.min((width - 2 * EDGE) / (right - left || 0.01), (HEIGHT - 2 * EDGE) / (bottom - top || 0.01));
  const [x0, y0] = [(width - (right - left) * scale) / 2, (HEIGHT - (bottom - top) * scale) / 2];
  return ([x, y]) => [x0 + (x * squeeze - left) * scale, y0 + (-y - top) * scale];
}

export function groupThings(readings) {
  const things = new Map();
  for (const reading of readings) {
    const known = things.get(reading.thing.id) ?? { ...reading.thing, sector: reading.sector, provenance: reading.provenance, readings: [] };
    known.readings.push(reading);
    if (reading.property === "position" && reading.result?.coordinates) known.location = reading.result.coordinates;
    things.set(reading.thing.id, known);
  }
  return [...things.values()];
}

function describe(thing) {
  const parts = thing.readings.slice(0, 4).map((reading) => `${label("property", reading.property, reading.label)} ${result(reading)}`);
  const newest = Math.min(...thing.readings.map((reading) => reading.age));
  return [make("strong", {}, named(thing.label || thing.name)), badge(thing.provenance), `${parts.join(" · ")} · ${age(newest)}`];
}

// One dot is reached by Tab, the others from it by the arrow keys: hundreds of stops would be a trap.
function dot(thing, [x, y], choose, first) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const pick = () => { chosen = thing.id; show("map-detail", ...describe(thing)); };
  const attributes = {
    class: chosen === thing.id ? "thing chosen" : "thing", tint: tintOf(thing.sector), tabindex: first ? 0 : -1, role: "button",
    "aria-label": `${thing.label || thing.name}, ${label("sector", thing.sector, thing.sector)}, ${t(`provenance.${thing.provenance}`)}`,
    onpointerenter: pick, onfocus: pick, onclick: () => choose(thing),
    onkeydown: (event) => {
      const dots = [...find("map").querySelectorAll(".thing")];
      if (event.key in step) dots.at((dots.indexOf(event.target) + step[event.key]) % dots.length).focus();
      else if (event.key === "Enter" || event.key === " ") choose(thing);
      else return;
      event.preventDefault();
    },
  };
  return thing.provenance === "measured" ? draw("rect", { ...attributes, x: x - 5.5, y: y - 5.5, width: 11, height: 11 }) : draw("circle", { ...attributes, cx: x, cy: y, r: 5 });
}

function legend(things, redraw) {
  const counts = new Map();
  for (const thing of things) counts.set(thing.sector, (counts.get(thing.sector) ?? 0) + 1);
  const sectors = [...counts.keys()].sort((a, b) => rankOf(a) - rankOf(b));
  const toggle = (sector) => () => { hidden[hidden.has(sector) ? "delete" : "add"](sector); redraw(); };
  show("legend", ...sectors.map((sector) => make("button", { type: "button", tint: tintOf(sector), "aria-pressed": String(!hidden.has(sector)), onclick: toggle(sector) }, `${label("sector", sector, sector)} ${whole(counts.get(sector))}`)));
}

function table(city, things) {
  const sectors = [...new Set(things.map((thing) => thing.sector))].sort((a, b) => rankOf(a) - rankOf(b));
  const names = [...city.districts.map((district) => [district.name, district.label]), ["", t("map.nowhere")]];
  const known = new Set(city.districts.map((district) => district.name));
  const rows = names.map(([name, text]) => [text, sectors.map((sector) => things.filter((thing) => thing.sector === sector && (known.has(thing.district) ? thing.district : "") === name).length)]);
  show("districts", make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("map.district")), sectors.map((sector) => make("th", { scope: "col", class: "number" }, label("sector", sector, sector))))),
    make("tbody", {}, rows.filter(([, counts]) => counts.some(Boolean)).map(([text, counts]) => make("tr", {}, make("th", { scope: "row" }, text), counts.map((count) => make("td", { class: "number" }, whole(count))))))));
}

export function showMap(city, readings, choose) {
  const things = groupThings(readings);
  const placed = things.filter((thing) => thing.location);
  find("map-count").textContent = t("map.count", { placed: whole(placed.length), unplaced: whole(things.length - placed.length) });
  const corners = city.districts.flatMap((district) => district.polygon);
  if (!placed.length && !corners.length) { show("map", empty(t("map.empty"))); return; }
  const held = find("map").contains(document.activeElement);
  const width = Math.max(260, find("map").clientWidth);
  const at = frame([...corners, ...placed.map((thing) => thing.location)], width);
  const redraw = () => showMap(city, readings, choose);
  const outlines = city.districts.map((district) => draw("polygon", { class: "district", points: district.polygon.map((corner) => at(corner).map((n) => n.toFixed(1)).join(",")).join(" ") }, draw("title", {}, district.label)));
  const names = city.districts.map((district) => {
    const spots = district.polygon.map(at);
    const [x, y] = [0, 1].map((axis) => spots.reduce((sum, spot) => sum + spot[axis], 0) / spots.length);
    return draw("text", { class: "district-name", x: x.toFixed(1), y: y.toFixed(1) }, district.label);
  });
  const shown = placed.filter((thing) => !hidden.has(thing.sector)).sort((a, b) => a.location[0] - b.location[0]);
  const reached = shown.some((thing) => thing.id === chosen) ? chosen : shown[0]?.id;
  const dots = shown.map((thing) => dot(thing, at(thing.location), choose, thing.id === reached));
  show("map", draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "group", "aria-label": t("map.title") }, ...outlines, ...dots, ...names));
  if (held) find("map").querySelector(".chosen")?.focus({ preventScroll: true });
  legend(things, redraw);
  table(city, things);
  if (!find("map-detail").childNodes.length) show("map-detail", make("span", { class: "quiet" }, t("map.hint")));
}
