// The indicators: those that can be said as cards, the others by name with what is missing.

import { badge } from "./badge.js";
import { empty, find, make, show } from "./element.js";
import { get } from "./source.js";
import { clock, language, number, share, t, whole, withUnit } from "./text.js";

const BARE = ["1", "ratio", "count", "coefficient", "0-1"];
const opened = new Set();
let touched = false;
const known = (value) => value !== null && value !== undefined;

function values(indicator) {
  if (known(indicator.value)) return [["", indicator]];
  return (indicator.points ?? []).filter((point) => known(point.value)).map((point) => [point.label || point.name, point]);
}

function period(indicator) {
  const given = indicator.period;
  if (!given) return null;
  if (typeof given === "string") return given;
  const day = { dateStyle: "medium" };
  if (given.kind === "window" && Date.parse(given.end) - Date.parse(given.start) < 172800000) return `${clock(given.start)} – ${clock(given.end)}`;
  return `${clock(given.start, day)} – ${clock(Date.parse(given.end) - 1, day)}`;
}

function rows(indicator) {
  const found = [];
  if (known(indicator.numerator)) found.push([t("indicators.numerator"), number(indicator.numerator)]);
  if (known(indicator.denominator)) found.push([t("indicators.denominator"), number(indicator.denominator)]);
  if (period(indicator)) found.push([t("indicators.period"), period(indicator)]);
  if (known(indicator.coverage)) found.push([t("indicators.coverage"), share(indicator.coverage)]);
  return found.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
}

function card(indicator, said) {
  const shown = said.map(([name, given]) => make("p", { class: "value" }, name ? make("small", {}, `${name} `) : null, ...worded(given)));
  return make("article", { class: "indicator", "data-code": indicator.code },
    make("div", { class: "code" }, make("span", {}, indicator.official_code || indicator.code), indicator.provenance ? badge(indicator.provenance) : null),
    make("h5", {}, indicator.name), ...shown,
    remembered(indicator.code, t(`status.${indicator.status}`, {}, indicator.status || t("indicators.status")), make("dl", {}, rows(indicator))),
    remembered(`${indicator.code}/evidence`, t("indicators.evidence"), make("div", { class: "evidence" }), (place) => evidence(indicator.code, place)));
}

// What a figure stands on, fetched when it is asked for.
async function evidence(code, place) {
  const address = `/api/v1/indicators/${code}?language=${language()}`;
  const found = await get(address).catch((error) => ({ definition: error.message, formulas: [], inputs: [], warnings: [] }));
  const inputs = found.inputs.map((input) => make("li", {}, `${input.text}: `, ...worded(input), " ", badge(input.provenance), make("br"), make("small", {}, input.source)));
  place.replaceChildren(make("p", {}, found.definition), ...found.formulas.map((text) => make("code", { dir: "ltr" }, text)), make("ul", {}, inputs),
    ...found.warnings.map((text) => make("p", { class: "warn" }, text)), make("a", { href: address }, "JSON"));
}

// Short units stand as signs, long ones in words below the figure.
function worded({ value, unit, unit_text: sign }) {
  if (unit === "yes/no") return [t(value ? "yes" : "no")];
  if (BARE.includes(unit)) return [withUnit(value, "")];
  return sign.length < 8 ? [withUnit(value, sign)] : [withUnit(value, sign.startsWith("% ") ? "%" : ""), make("small", {}, ` ${sign.replace(/^% /, "")}`)];
}

function remembered(key, text, content, fill) {
  const toggled = (event) => { opened[event.target.open ? "add" : "delete"](key); if (event.target.open) fill?.(content); };
  return make("details", { open: opened.has(key), ontoggle: toggled }, make("summary", {}, text), content);
}

// Indicators of one group by their part of the group, such as "Infrastructure".
function group(key, members) {
  const parts = new Map();
  for (const member of members) parts.set(member[0].sub_dimension ?? "", [...(parts.get(member[0].sub_dimension ?? "") ?? []), member]);
  return make("div", {}, make("h3", { class: "group" }, t(key)), [...parts].map(([name, list], i) => {
    const cards = make("div", { class: "grid" }, list.map(([indicator, found]) => card(indicator, found)));
    const text = `${name || t("indicators.title")} · ${whole(list.length)}`;
    if (key === "indicators.u4ssc" && i === 0 && !touched) opened.add(`${key}/${name}`);
    return remembered(`${key}/${name}`, text, cards);
  }));
}

function unsaid(list, opened) {
  const reason = (indicator) => [...new Set((indicator.points ?? []).flatMap((point) => point.missing ?? []).map((missing) => missing.text || missing.name))].join("; ");
  return make("details", { open: opened }, make("summary", {}, t("indicators.unsaid", { count: whole(list.length) })),
    make("ul", {}, list.map((indicator) => make("li", {}, `${indicator.official_code || indicator.code} ${indicator.name}`, reason(indicator) ? ` — ${t("indicators.missing")}: ${reason(indicator)}` : ""))));
}

export async function showIndicators() {
  let list;
  try {
    const answer = await get(`/api/v1/indicators?language=${language()}`);
    list = Array.isArray(answer) ? answer : answer.indicators ?? [];
  } catch (error) {
    show("indicators", empty(error.status === 404 ? t("indicators.none") : t("indicators.error")));
    return;
  }
  const said = list.map((indicator) => [indicator, values(indicator)]);
  const valued = said.filter(([, found]) => found.length);
  const rest = said.filter(([, found]) => !found.length).map(([indicator]) => indicator);
  find("indicators-count").textContent = t("indicators.count", { said: whole(valued.length), all: whole(list.length) });
  const operational = ([indicator]) => indicator.family === "operational";
  const groups = [["indicators.u4ssc", valued.filter((each) => !operational(each))], ["indicators.operational", valued.filter(operational)]];
  const parts = groups.filter(([, members]) => members.length).map(([key, members]) => group(key, members));
  touched = true;
  find("dossier").href = `/api/v1/reports/dossier?language=${language()}`;
  const opened = find("indicators").querySelector("details")?.open ?? false;
  show("indicators", ...(parts.length ? parts : [empty(t("indicators.empty"))]), ...(rest.length ? [unsaid(rest, opened)] : []));
}
