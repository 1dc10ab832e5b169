// The page: loads texts and figures, follows new readings, and keeps the parts up to date.

import { showAlerts } from "./alert.js";
import { badge } from "./badge.js";
import { showCards } from "./card.js";
import { redraw, showChart } from "./chart.js";
import { find, make, named, show } from "./element.js";
import { showIndicators } from "./indicator.js";
import { showMap } from "./map.js";
import { follow, get } from "./source.js";
import { clock, label, language, load, result, setZone, t } from "./text.js";

const FEED = 30;
const readings = new Map();
const feed = [];
const choice = { property: "", thing: "", sector: "", kind: "", hours: 24 };
const SPANS = [[6, "chart.hours"], [24, "chart.hours"], [168, "chart.days"]];
let city = null;
let summary = null;
let state = ["", ""];

const list = () => [...readings.values()];
const drawn = () => list().filter((reading) => typeof reading.result === "number" || typeof reading.result === "boolean");

function fillSelect(id, options, value) {
  if (document.activeElement === find(id)) return;
  show(id, ...options.map(([key, text]) => make("option", { value: key, selected: key === value }, text)));
  find(id).value = value;
}

// The choice of device: all, all of one kind, or a single one; its keys say which.
function fillChoice() {
  const properties = new Map(drawn().map((reading) => [reading.property, label("property", reading.property, reading.label)]));
  if (!properties.has(choice.property)) {
    const first = ["air_temperature", "electric_power"].find((name) => properties.has(name)) ?? properties.keys().next().value ?? "";
    // Air outdoors, not that of cold stores, where there is such a kind.
    const outdoors = drawn().find((reading) => reading.property === first && ["weather_station", "air_quality_station"].includes(reading.thing.kind));
    Object.assign(choice, { property: first, thing: "", sector: outdoors?.sector ?? "", kind: outdoors?.thing.kind ?? "" });
  }
  const fitting = drawn().filter((reading) => reading.property === choice.property);
  const sorted = (map) => [...map].sort((a, b) => a[1].localeCompare(b[1], language(), { numeric: true }));
  const kinds = new Map(fitting.filter((reading) => reading.thing.kind).map((reading) => [`${reading.sector}/${reading.thing.kind}`, t("chart.all.kind", { kind: label("kind", reading.thing.kind) })]));
  const things = new Map(fitting.map((reading) => [`=${reading.thing.name}`, reading.thing.label || reading.thing.name]));
  const value = choice.thing ? `=${choice.thing}` : choice.kind ? `${choice.sector}/${choice.kind}` : "";
  fillSelect("property", sorted(properties), choice.property);
  fillSelect("thing", [["", t("chart.all", { count: things.size })], ...(kinds.size > 1 ? sorted(kinds) : []), ...sorted(things)], value);
  fillSelect("span", SPANS.map(([hours, key]) => [String(hours), t(key, { count: hours > 48 ? hours / 24 : hours })]), String(choice.hours));
}

function chosen() {
  const changed = find("property").value !== choice.property;
  const value = changed ? "" : find("thing").value;
  const [sector, kind] = value.startsWith("=") ? ["", ""] : [value.split("/")[0], value.split("/")[1] ?? ""];
  Object.assign(choice, { property: find("property").value, thing: value.startsWith("=") ? value.slice(1) : "", sector, kind, hours: Number(find("span").value) });
  return drawChart();
}

async function drawChart() {
  fillChoice();
  if (choice.property) await showChart(choice);
  else show("chart", make("p", { class: "empty" }, t("chart.empty")));
}

function choose(wanted) {
  Object.assign(choice, { thing: "", sector: "", kind: "", ...wanted });
  find("time").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
  return drawChart();
}

function chooseThing(thing) {
  const known = thing.readings.find((reading) => typeof reading.result === "number") ?? thing.readings.find((reading) => typeof reading.result === "boolean");
  if (known) choose({ property: known.property, thing: thing.name });
}

function showFeed(fresh = 0) {
  if (!feed.length) { show("feed", make("li", { class: "empty" }, t("feed.empty"))); return; }
  show("feed", ...feed.map((reading, i) => make("li", { class: i < fresh ? "new" : null }, make("div", { class: "row" },
    make("span", { class: "name" }, named(reading.thing.label || reading.thing.name)), make("span", { class: "figure small" }, result(reading)),
    make("span", { class: "sub" }, label("property", reading.property, reading.label), " · ", make("time", { datetime: reading.phenomenon_time }, clock(reading.phenomenon_time, { timeStyle: "medium" })), reading.quality === "good" ? null : make("span", { class: "warn" }, ` · ${t(`quality.${reading.quality}`)}`)),
    make("span", { class: "sub end" }, badge(reading.provenance))))));
}

// Measured readings are few beside simulated ones; up to half of the list stays theirs.
function keepFeed(fresh) {
  feed.unshift(...fresh.toReversed());
  while (feed.length > FEED) {
    const simulated = (reading) => reading.provenance === "simulated";
    const most = feed.filter(simulated).length > FEED / 2;
    feed.splice(feed.findLastIndex((reading) => simulated(reading) === most), 1);
  }
}

function showState() {
  const [word, detail] = state;
  find("link").dataset.state = word;
  find("link").textContent = word ? t(`state.${word}`) : "";
  find("trouble").hidden = word !== "away";
  find("trouble").textContent = word === "away" ? t("state.away.why", { detail: detail || "" }) : "";
}

const showClock = () => { if (city) find("clock").textContent = `${clock(Date.now(), { dateStyle: "medium", timeStyle: "medium" })} ${city.time_zone}`; };

function showCity() {
  if (!city) return;
  document.title = city.label;
  find("city").textContent = city.label;
  find("about").textContent = t("about", { population: new Intl.NumberFormat(language()).format(city.population), area: new Intl.NumberFormat(language()).format(city.area) });
  find("notice").hidden = !city.fictional;
  find("notice").textContent = t("notice.fictional", { city: city.label });
  find("version").textContent = city.version ? `citylab ${city.version}` : "";
  showClock();
}

function showFigures() {
  if (summary) showCards(summary, (row) => choose({ property: row.property, sector: row.sector, kind: row.thing_kind }));
  if (city) showMap(city, list(), chooseThing);
}

async function reload() {
  const [latest, together] = await Promise.all([get("/api/v1/latest?limit=5000"), get("/api/v1/latest/summary")]);
  summary = together;
  const first = readings.size === 0;
  for (const reading of latest.readings) readings.set(reading.datastream, reading);
  if (!feed.length) { keepFeed(latest.readings.filter((reading) => reading.age < 86400).sort((a, b) => b.age - a.age)); showFeed(); }
  showFigures();
  if (first) await drawChart();
  document.body.dataset.filled = String(readings.size);
}

let waiting = null;
// Figures come from the API, at most every five seconds, however fast readings arrive.
function soon() {
  waiting ??= setTimeout(async () => {
    waiting = null;
    try { summary = await get("/api/v1/latest/summary"); showFigures(); } catch (error) { setState("away", error.message); }
  }, 5000);
}

function arrived(fresh) {
  for (const reading of fresh) readings.set(reading.datastream, reading);
  keepFeed(fresh.slice(-FEED));
  showFeed(fresh.length);
  soon();
}

function setState(word, detail = "") {
  if (state[0] === word && state[1] === detail) return;
  state = [word, detail];
  showState();
}

async function speak(code) {
  await load(code);
  showCity(); showState(); showFigures(); showFeed(); fillChoice(); redraw();
  show("map-detail", make("span", { class: "quiet" }, t("map.hint")));
  await Promise.all([showAlerts(), showIndicators()]);
}

async function start() {
  const languages = await get("/page/languages.json");
  const wanted = [new URLSearchParams(location.search).get("language"), localStorage.getItem("language"), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  const code = wanted.find((each) => each in languages) ?? "en";
  show("language", ...Object.entries(languages).map(([key, name]) => make("option", { value: key, lang: key, selected: key === code }, name)));
  await load(code);
  find("language").onchange = (event) => { localStorage.setItem("language", event.target.value); speak(event.target.value); };
  find("choice").onchange = chosen;
  find("choice").onsubmit = (event) => event.preventDefault();
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); showFigures(); } });
  try {
    city = await get("/api/v1/city");
    setZone(city.time_zone);
    showCity();
  } catch (error) { setState("away", error.message); }
  follow({ readings: arrived, reload, state: setState });
  setInterval(showClock, 1000);
  setInterval(drawChart, 60000);
  setInterval(showIndicators, 60000);
  setInterval(showAlerts, 15000);
  await Promise.all([showAlerts(), showIndicators()]);
}

start().catch((error) => setState("away", error.message));
