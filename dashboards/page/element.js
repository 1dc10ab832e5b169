// Makes elements. Text only ever goes in as text, so that a device's name can't become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "tint") element.style.setProperty("--tint", `var(--${value})`);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

export const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const find = (id) => document.getElementById(id);
export const show = (id, ...children) => find(id).replaceChildren(...children);
export const empty = (text) => make("p", { class: "empty" }, text);
// A name from outside, kept from mixing its writing direction with the text around it.
export const named = (text) => make("bdi", {}, text);

const SECTORS = ["energy", "transport", "agriculture", "health", "environment", "water", "waste", "device"];
export const tintOf = (sector) => (SECTORS.includes(sector) ? sector : "device");
export const rankOf = (sector) => { const place = SECTORS.indexOf(sector); return place < 0 ? SECTORS.length : place; };
