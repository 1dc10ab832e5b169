// What is live now: one card a sector, one row a property, figures as the API takes them together.

import { badges } from "./badge.js";
import { empty, find, make, rankOf, show, tintOf } from "./element.js";
import { age, figure, label, span, t, whole, withUnit } from "./text.js";

const SHOWN = 6;
const opened = new Set();

function figures(row) {
  if (row.kind === "total_increasing") return row.increase === null ? null : [figure(`+${withUnit(row.increase, row.sign)}`), t("now.day")];
  if (row.result_type === "boolean") return [figure(`${whole(row.true)} / ${whole(row.readings)}`), t("now.true")];
  if (row.mean === null) return null;
  return [withUnit(row.mean, row.sign), row.min === row.max ? "" : span(row.min, row.max)];
}

function line(row, choose) {
  const [value, beside] = figures(row) ?? [null, ""];
  const marks = [];
  if (row.suspect) marks.push(make("span", { class: "warn" }, ` · ${t("quality.suspect.count", { count: whole(row.suspect) })}`));
  if (row.bad) marks.push(make("span", { class: "bad" }, ` · ${t("quality.bad.count", { count: whole(row.bad) })}`));
  const parts = [
    make("span", { class: "name" }, label("property", row.property, row.label)),
    make("span", { class: value === null ? "figure small" : "figure" }, value ?? t("now.sources", { count: whole(row.readings) })),
    make("span", { class: "sub" }, value === null ? "" : `${t("now.sources", { count: whole(row.readings) })} · `, make("time", { datetime: row.newest }, age(row.age)), ...marks),
    make("span", { class: "sub end" }, beside),
  ];
  const drawn = row.result_type === "number" || row.result_type === "boolean";
  return make("li", {}, drawn ? make("button", { type: "button", class: "row", title: t("now.draw"), onclick: () => choose(row.property, row.sector) }, ...parts) : make("div", { class: "row" }, ...parts));
}

function card(sector, rows, choose) {
  const counts = {};
  for (const row of rows) for (const [word, count] of Object.entries(row.provenances)) counts[word] = (counts[word] ?? 0) + count;
  const rank = (row) => (figures(row) === null ? 2 : row.kind === "diagnostic" || row.kind === "status" ? 1 : 0);
  rows.sort((a, b) => rank(a) - rank(b) || b.readings - a.readings || a.property.localeCompare(b.property));
  const more = rows.length - SHOWN;
  const rest = more > 0 && make("details", { open: opened.has(sector), ontoggle: (event) => opened[event.target.open ? "add" : "delete"](sector) },
    make("summary", {}, t("now.more", { count: whole(more) })), make("ul", {}, rows.slice(SHOWN).map((row) => line(row, choose))));
  return make("article", { class: "card", tint: tintOf(sector), "data-sector": sector },
    make("header", {}, make("h3", {}, label("sector", sector, sector)), make("span", {}, ...badges(counts).flatMap((one) => [one, " "]))),
    make("ul", {}, rows.slice(0, SHOWN).map((row) => line(row, choose))), rest);
}

export function showCards(summary, choose) {
  const held = document.activeElement?.closest?.("#cards") ? [...find("cards").querySelectorAll("button, summary")].indexOf(document.activeElement) : -1;
  const sectors = new Map();
  for (const row of summary.properties) sectors.set(row.sector, [...(sectors.get(row.sector) ?? []), row]);
  const order = [...sectors.keys()].sort((a, b) => rankOf(a) - rankOf(b));
  if (!order.length) show("cards", empty(t("now.empty")));
  else show("cards", ...order.map((sector) => card(sector, sectors.get(sector), choose)));
  if (held >= 0) find("cards").querySelectorAll("button, summary")[held]?.focus({ preventScroll: true });
  find("now-count").textContent = t("now.things", { count: whole(summary.things) });
}

