// What is live now: one card a sector, a part a kind of device, figures as the API takes them together.

import { badges } from "./badge.js";
import { empty, find, make, rankOf, show, tintOf } from "./element.js";
import { age, figure, label, span, t, whole, withUnit } from "./text.js";

const [KINDS, LINES] = [4, 3];
const opened = new Set();

// Figure of a row and what stands beside it; null where there is none to draw.
function figures(row) {
  if (row.kind === "total_increasing") return row.increase === null ? null : [figure(`+${withUnit(row.increase, row.sign)}`), t("now.day")];
  if (row.result_type === "boolean") return [figure(`${whole(row.true)} / ${whole(row.readings)}`), t("yes")];
  if (row.mean === null) return null;
  return [withUnit(row.mean, row.sign), row.min === row.max ? "" : span(row.min, row.max, row.sign)];
}

function line(row, choose) {
  const [value, beside] = figures(row) ?? [t("now.sources", { count: whole(row.readings) }), ""];
  const parts = [
    make("span", { class: "name" }, label("property", row.property, row.label),
      row.suspect ? make("span", { class: "warn" }, ` ${t("quality.suspect.count", { count: whole(row.suspect) })}`) : null,
      row.bad ? make("span", { class: "bad" }, ` ${t("quality.bad.count", { count: whole(row.bad) })}`) : null),
    make("span", { class: "sub" }, beside),
    make("span", { class: "figure" }, value),
  ];
  const drawn = row.result_type === "number" || row.result_type === "boolean";
  return make("li", {}, drawn ? make("button", { type: "button", class: "line-row", title: t("now.draw"), onclick: () => choose(row) }, ...parts) : make("div", { class: "line-row" }, ...parts));
}

function remembered(key, text, content) {
  return make("details", { open: opened.has(key), ontoggle: (event) => opened[event.target.open ? "add" : "delete"](key) }, make("summary", {}, text), content);
}

function part(sector, kind, rows, choose, mixed) {
  const rank = (row) => (figures(row) === null ? 2 : row.kind === "diagnostic" || row.kind === "status" ? 1 : 0);
  rows.sort((a, b) => rank(a) - rank(b) || b.readings - a.readings);
  const newest = rows.reduce((best, row) => (row.age < best.age ? row : best));
  const [first, rest] = [rows.slice(0, LINES), rows.slice(LINES)];
  return make("div", { class: "kind" },
    make("h4", {}, make("span", {}, label("kind", kind || "other", kind), ...(mixed ? badges(rows[0].provenances).flatMap((one) => [" ", one]) : [])), make("span", { class: "sub" }, t("now.devices", { count: whole(Math.max(...rows.map((row) => row.things))) }), " · ", make("time", { datetime: newest.newest }, age(newest.age)))),
    make("ul", {}, first.map((row) => line(row, choose))),
    rest.length ? remembered(`${sector}/${kind}`, t("now.more", { count: whole(rest.length) }), make("ul", {}, rest.map((row) => line(row, choose)))) : null);
}

function card(sector, rows, choose) {
  const counts = {};
  const kinds = new Map();
  for (const row of rows) {
    kinds.set(row.thing_kind, [...(kinds.get(row.thing_kind) ?? []), row]);
    for (const [word, count] of Object.entries(row.provenances)) counts[word] = (counts[word] ?? 0) + count;
  }
  const size = (kind) => Math.max(...kinds.get(kind).map((row) => row.things));
  const measured = (kind) => kinds.get(kind).some((row) => row.provenances.measured);
  const order = [...kinds.keys()].sort((a, b) => measured(b) - measured(a) || size(b) - size(a) || a.localeCompare(b));
  const parts = order.map((kind) => part(sector, kind, kinds.get(kind), choose, Object.keys(counts).length > 1));
  return make("article", { class: "card", tint: tintOf(sector), "data-sector": sector },
    make("header", {}, make("h3", {}, label("sector", sector, sector)), make("span", {}, ...badges(counts).flatMap((one) => [one, " "]))),
    ...parts.slice(0, KINDS),
    parts.length > KINDS ? remembered(sector, t("now.kinds", { count: whole(parts.length - KINDS) }), make("div", {}, parts.slice(KINDS))) : null);
}

export function showCards(summary, choose) {
  const held = find("cards").contains(document.activeElement) ? [...find("cards").querySelectorAll("button, summary")].indexOf(document.activeElement) : -1;
  const sectors = new Map();
  for (const row of summary.properties) sectors.set(row.sector, [...(sectors.get(row.sector) ?? []), row]);
  const order = [...sectors.keys()].sort((a, b) => rankOf(a) - rankOf(b));
  if (!order.length) show("cards", empty(t("now.empty")));
  else show("cards", ...order.map((sector) => card(sector, sectors.get(sector), choose)));
  if (held >= 0) find("cards").querySelectorAll("button, summary")[held]?.focus({ preventScroll: true });
  find("now-count").textContent = t("now.things", { count: whole(summary.things) });
}
