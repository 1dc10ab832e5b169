// Open alerts: the worst first, since when, and who has seen them.

import { find, make, named, show } from "./element.js";
import { get, post } from "./source.js";
import { age, language, t, whole } from "./text.js";

const [SHOWN, RANK] = [6, ["critical", "warning", "info"]];

// Asks for what it does not know: a name, and the key of the API where the city has one.
async function acknowledge(alert) {
  const kept = (key, text) => sessionStorage.getItem(key) || prompt(t(text)) || "";
  const by = kept("name", "alerts.name");
  if (!by) return;
  sessionStorage.setItem("name", by);
  const send = () => post(`/api/v1/alerts/${alert.id}/acknowledgement`, { by }, sessionStorage.getItem("key"));
  try { await send(); } catch (error) {
    if (error.status !== 401) throw error;
    sessionStorage.setItem("key", prompt(t("alerts.token")) || "");
    await send().catch(() => sessionStorage.removeItem("key"));
  }
  await showAlerts();
}

function line(alert) {
  const seen = alert.acknowledged;
  return make("li", { class: "alert", "data-severity": alert.severity },
    make("span", { class: "badge" }, t(`severity.${alert.severity}`)), make("span", {}, alert.label, " · ", named(alert.subject.split(",")[0])),
    make("time", { class: "sub", datetime: alert.since }, age((Date.now() - Date.parse(alert.since)) / 1000)),
    seen ? make("span", { class: "sub" }, t("alerts.by", { name: seen.by })) : make("button", { type: "button", onclick: () => acknowledge(alert) }, t("alerts.seen")));
}

export async function showAlerts() {
  const { alerts, counts } = await get(`/api/v1/alerts?language=${language()}`).catch(() => ({ alerts: [], counts: {} }));
  const order = alerts.toSorted((a, b) => Boolean(a.acknowledged) - Boolean(b.acknowledged) || RANK.indexOf(a.severity) - RANK.indexOf(b.severity));
  find("alerts").hidden = !alerts.length;
  find("alerts-count").textContent = t("alerts.count", { critical: whole(counts.critical ?? 0), all: whole(alerts.length) });
  const rest = order.slice(SHOWN);
  show("alert-list", ...order.slice(0, SHOWN).map(line), rest.length ? make("li", {}, make("details", {}, make("summary", {}, t("now.more", { count: whole(rest.length) })), make("ul", {}, rest.map(line)))) : "");
}
