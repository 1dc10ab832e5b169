// Gets figures: fetches from the API, and follows new readings by server-sent events, else by asking again and again.

export class Answer extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

export const get = (path) => ask(path, { headers: { Accept: "application/json" } });
export const post = (path, body, key) => ask(path, { method: "POST", headers: { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) }, body: JSON.stringify(body) });

async function ask(path, options) {
  const response = await fetch(path, options);
  if (response.ok) return response.json();
  let message = response.statusText;
  try { message = (await response.json()).message ?? message; } catch { /* not JSON: the status says enough */ }
  throw new Answer(response.status, message);
}

// Calls `on.readings(list)`, `on.reload()` and `on.state(word, detail)`; words: live, polling, away.
export function follow(on) {
  let polling = null;
  let source = null;
  const poll = async () => {
    try { await on.reload(); on.state("polling"); } catch (error) { on.state("away", error.message); }
  };
  const fall = () => {
    if (polling === null) { polling = setInterval(poll, 10000); poll(); }
  };
  const open = () => {
    source = new EventSource("/api/v1/events");
    source.addEventListener("ready", () => {
      clearInterval(polling); polling = null;
      on.state("live");
      Promise.resolve(on.reload()).catch((error) => on.state("away", error.message));
    });
    source.addEventListener("readings", (event) => { on.state("live"); on.readings(JSON.parse(event.data).readings); });
    source.addEventListener("missed", () => on.reload());
    source.addEventListener("trouble", (event) => on.state("away", JSON.parse(event.data).detail));
    source.onerror = () => {
      fall();
      // A browser gives up for good after an error answer; ask again later.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 15000);
    };
  };
  if (typeof EventSource === "undefined" || new URLSearchParams(location.search).get("live") === "poll") fall();
  else open();
}
