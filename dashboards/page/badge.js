// Badges that say where a figure comes from.

import { make } from "./element.js";
import { t, whole } from "./text.js";

export const badge = (provenance) => make("span", { class: "badge", "data-kind": provenance }, t(`provenance.${provenance}`, {}, provenance));

// One badge a provenance, with counts where there are several.
export function badges(counts) {
  const entries = Object.entries(counts);
  if (entries.length === 1) return [badge(entries[0][0])];
  return entries.map(([provenance, count]) => { const one = badge(provenance); one.append(` ${whole(count)}`); return one; });
}
