// Texts by key in the chosen language, and numbers, ages and times as that language writes them.
// Every language has every text; a key that is not there is counted in `missing` and shows itself.

const state = { code: "en", texts: {}, labels: {}, zone: "UTC" };
export const missing = new Set();

export async function load(code) {
  const get = async (folder) => (await fetch(`/page/${folder}/${code}.json`)).json();
  [state.texts, state.labels] = await Promise.all([get("languages"), get("labels")]);
  state.code = code;
  missing.clear();
  const root = document.documentElement;
  root.lang = code;
  root.dir = state.texts.direction === "rtl" ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
}

export const setZone = (zone) => { state.zone = zone; };
export const zone = () => state.zone;
export const language = () => state.code;

// Text of a key; {name} parts are replaced. `fallback` stands in where no language has the key.
export function t(key, parts = {}, fallback = key) {
  const text = state.texts[key];
  if (text === undefined) missing.add(key);
  return (text ?? fallback).replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
}

// Label of a name from the vocabulary: in the language where it is translated, else as the API gives it.
export function label(family, name, given) {
  const text = state.labels[family]?.[name] ?? state.texts[`${family}.${name}`];
  if (text) return text;
  const plain = (given || name).replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function number(value) {
  if (value === null || value === undefined) return t("none");
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const options = size !== 0 && size < 0.1 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: digits };
  return new Intl.NumberFormat(state.code, options).format(value);
}

// Figures keep their order from left to right inside text that runs the other way.
export const figure = (text) => `\u2066${text}\u2069`;
// Larger units for large figures of these.
const SCALES = { W: [[1e6, "MW"], [1e3, "kW"]], kWh: [[1e6, "GWh"], [1e3, "MWh"]], L: [[1e3, "m³"]], kg: [[1e3, "t"]], mm: [[1e3, "m"]] };

function scaled(value, sign, size = value) {
  const [factor, name] = SCALES[sign]?.find(([least]) => Math.abs(size) >= least) ?? [1, sign];
  return [value === null ? null : value / factor, name];
}

export function withUnit(value, sign) {
  const [shown, name] = scaled(value, sign);
  return figure(name ? `${number(shown)}\u202f${name}` : number(shown));
}

export function span(low, high, sign) {
  const [[from], [to, name]] = [low, high].map((value) => scaled(value, sign, Math.max(Math.abs(low), Math.abs(high))));
  return figure(`${number(from)} – ${number(to)}${name ? `\u202f${name}` : ""}`);
}
export const share = (value) => new Intl.NumberFormat(state.code, { style: "percent", maximumFractionDigits: 0 }).format(value);
export const whole = (value) => new Intl.NumberFormat(state.code).format(value);

export function age(seconds) {
  const format = new Intl.RelativeTimeFormat(state.code, { style: "short", numeric: "always" });
  const size = Math.abs(seconds);
  const [step, unit] = size < 90 ? [1, "second"] : size < 5400 ? [60, "minute"] : size < 129600 ? [3600, "hour"] : [86400, "day"];
  return format.format(-Math.round(seconds / step), unit);
}

export const clock = (moment, options = { dateStyle: "medium", timeStyle: "short" }) =>
  new Intl.DateTimeFormat(state.texts.locale ?? state.code, { hourCycle: "h23", ...options, timeZone: state.zone }).format(new Date(moment));

// Result of a reading as text, by its type.
export function result(reading) {
  const value = reading.result;
  if (value === null) return t("none");
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (typeof value === "number") return withUnit(value, reading.sign);
  if (typeof value === "object") return value.coordinates ? value.coordinates.slice(0, 2).map((part) => part.toFixed(4)).join(", ") : JSON.stringify(value);
  return String(value);
}
