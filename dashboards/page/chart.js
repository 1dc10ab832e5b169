// One chart over time: a line with the span from least to greatest, or bars for what a register grew by.

import { badge } from "./badge.js";
import { draw, empty, find, named, make, show } from "./element.js";
import { get } from "./source.js";
import { clock, label, span, t, whole, withUnit, zone } from "./text.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [288, 76, 12, 12, 28];
let series = null;
let chosen = null;

function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const marks = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-6; i += 1) marks.push(i * step);
  return marks;
}

// Offset of the city's zone from UTC at a time [ms].
function offset(moment) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-u-ca-gregory-hc-h23", { timeZone: zone(), year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(moment).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(moment / 1000) * 1000;
}

// Round local times of the city between two moments.
function timeTicks(start, end, wanted) {
  const steps = [1 / 6, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 168, 336].map((hours) => hours * 3600000);
  const step = steps.find((each) => (end - start) / each <= wanted) ?? (end - start) / wanted;
  const marks = [];
  for (let local = Math.ceil((start + offset(start)) / step) * step; ; local += step) {
    const moment = local - offset(local - offset(start));
    if (moment > end) return marks.map((mark) => [mark, step]);
    marks.push(moment);
  }
}

function plan(width) {
  const bars = series.figure === "increase";
  const points = series.points.filter((point) => point[series.figure] !== null).map((point) => ({ ...point, at: Date.parse(point.time), until: Date.parse(point.end), value: point[series.figure] }));
  const start = Math.min(Date.parse(series.start), ...points.map((point) => point.at));
  const end = Date.parse(series.end);
  let low = Math.min(...points.map((point) => point.min ?? point.value), bars ? 0 : Infinity);
  let high = Math.max(...points.map((point) => point.max ?? point.value), bars ? 0 : -Infinity);
  if (low === high) { low -= Math.abs(low) * 0.1 || 1; high += Math.abs(high) * 0.1 || 1; }
  const x = (moment) => LEFT + ((moment - start) / (end - start || 1)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  return { bars, points, start, end, low, high, x, y, width };
}

const middle = (point) => (point.at + point.until) / 2;

function axes(p) {
  const across = ticks(p.low, p.high, 5).flatMap((value) => [
    draw("line", { class: "axis", x1: LEFT, x2: p.width - RIGHT, y1: p.y(value), y2: p.y(value) }),
    draw("text", { class: "tick", x: LEFT - 8, y: p.y(value) + 4, "text-anchor": "end" }, withUnit(value, series.sign)),
  ]);
  const along = timeTicks(p.start, p.end, Math.max(2, Math.floor(p.width / 110))).map(([moment, step]) =>
    draw("text", { class: "tick", x: p.x(moment), y: HEIGHT - 8, "text-anchor": p.width - p.x(moment) < 50 ? "end" : "middle" }, clock(moment, step < 86400000 ? { weekday: p.end - p.start > 90000000 ? "short" : undefined, hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric" })));
  return [...across, ...along];
}

// Pieces of a line, broken where buckets are missing.
function pieces(points) {
  const typical = points.map((point, i) => (i ? point.at - points[i - 1].at : Infinity)).sort((a, b) => a - b)[Math.floor(points.length / 2)] ?? Infinity;
  const found = [];
  points.forEach((point, i) => {
    if (!i || point.at - points[i - 1].at > 3 * typical) found.push([]);
    found.at(-1).push(point);
  });
  return found;
}

function shapes(p) {
  const spot = (point, value) => `${p.x(middle(point)).toFixed(1)},${p.y(value).toFixed(1)}`;
  if (p.bars) return p.points.map((point) => draw("rect", { class: "bar", x: p.x(point.at) + 0.5, y: Math.min(p.y(point.value), p.y(0)), width: Math.max(1, p.x(point.until) - p.x(point.at) - 1), height: Math.abs(p.y(0) - p.y(point.value)) }));
  return pieces(p.points).flatMap((piece) => [
    draw("polygon", { class: "band", points: [...piece.map((point) => spot(point, point.max)), ...piece.toReversed().map((point) => spot(point, point.min))].join(" ") }),
    piece.length > 1 ? draw("polyline", { class: "line", points: piece.map((point) => spot(point, point.value)).join(" ") }) : draw("circle", { class: "dot", cx: p.x(middle(piece[0])), cy: p.y(piece[0].value), r: 3 }),
  ]);
}

function say(point) {
  const parts = [clock(point.time), withUnit(point.value, series.sign)];
  if (point.min !== null && point.min !== point.max) parts.push(span(point.min, point.max, series.sign));
  parts.push(t("chart.count", { count: whole(point.count) }));
  if (point.quality !== "good") parts.push(t(`quality.${point.quality}`));
  show("chart-value", parts.join(" · "), " ", badge(point.provenance));
}

function mark(p, group, index) {
  chosen = Math.max(0, Math.min(index, p.points.length - 1));
  const point = p.points[chosen];
  group.replaceChildren(draw("line", { class: "cursor", x1: p.x(middle(point)), x2: p.x(middle(point)), y1: TOP, y2: HEIGHT - BOTTOM }), draw("circle", { class: "mark-dot", cx: p.x(middle(point)), cy: p.y(point.value), r: 5 }));
  say(point);
}

export function redraw() {
  if (series === null) return;
  const width = Math.max(280, find("chart").clientWidth - 16);
  const p = plan(width);
  const name = label("property", series.property, series.label);
  show("chart-about", ...(series.provenance ? [badge(series.provenance), " "] : []), t("chart.about", { zone: series.zone, bucket: bucketText(series.bucket) }));
  if (!p.points.length) { show("chart", empty(t("chart.empty"))); show("chart-value"); return; }
  const cursor = draw("g", {});
  const nearest = (event, svg) => {
    const at = p.start + ((event.clientX - svg.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)) * (p.end - p.start);
    return p.points.reduce((best, point, i) => (Math.abs(middle(point) - at) < Math.abs(middle(p.points[best]) - at) ? i : best), 0);
  };
  const keys = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`, tabindex: 0, role: "img", "data-points": p.points.length,
    "aria-label": t("chart.label", { property: name, count: whole(p.points.length), low: withUnit(p.low, series.sign), high: withUnit(p.high, series.sign) }),
    onpointermove: (event) => mark(p, cursor, nearest(event, svg)),
    onkeydown: (event) => { if (event.key in keys) { event.preventDefault(); mark(p, cursor, (chosen ?? p.points.length) + keys[event.key]); } },
  }, ...axes(p), ...shapes(p), cursor);
  show("chart", svg);
  mark(p, cursor, p.points.length - 1);
}

function bucketText(bucket) {
  const seconds = Number(bucket);
  if (!Number.isFinite(seconds)) return t(`bucket.${bucket}`);
  const [amount, unit] = seconds % 3600 === 0 ? [seconds / 3600, "hour"] : seconds % 60 === 0 ? [seconds / 60, "minute"] : [seconds, "second"];
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(amount);
}

export async function showChart(choice) {
  const now = Date.now();
  const query = new URLSearchParams({ property: choice.property, points: String(Math.max(60, Math.min(300, Math.floor(find("chart").clientWidth / 3)))), start: new Date(now - choice.hours * 3600000).toISOString() });
  for (const name of ["thing", "sector", "kind"]) if (choice[name]) query.set(name, choice[name]);
  find("csv").href = `/api/v1/series?${query}&format=csv`;
  try {
    series = await get(`/api/v1/series?${query}`);
    redraw();
  } catch (error) {
    series = null;
    show("chart", make("p", { class: "empty", role: "alert" }, t("chart.error"), " ", named(error.message)));
    show("chart-value"); show("chart-about");
  }
}
