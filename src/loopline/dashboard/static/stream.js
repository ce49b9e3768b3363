// Follows the server's events, and comes back after it was away.

import { find, setText, show } from "./dom.js";
import { time } from "./format.js";

const PATIENCE = 4000; // ms without an event, then the server is taken to be away

const state = find("#state");
let source = null;
let query = "";
let handlers = {};
let last = 0;
let broken = false; // the stream has ended or was cut
let looking = false;

function say(text, kind) {
  setText(state, text);
  state.className = `chip ${kind}`;
  document.body.classList.toggle("stale", kind === "away");
}

function connect() {
  source?.close();
  source = new EventSource(`events${query}`);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      last = Date.now();
      broken = false;
      say("live", "live");
      handle(JSON.parse(event.data));
    });
  }
  source.addEventListener("error", () => {
    broken = true;
  });
}

function sayAway() {
  say(last ? `no answer since ${time(last / 1000)}` : "no answer", "away");
}

// Whether this page may still look: a server that was started anew may have another token.
async function look() {
  const silent = Date.now() - last >= PATIENCE;
  if (silent) sayAway();
  if (looking || !(silent || broken)) return;
  looking = true;
  try {
    const answer = await fetch("session", { signal: AbortSignal.timeout(PATIENCE) });
    if (!(await answer.json()).admitted) location.reload();
    else if (source.readyState !== EventSource.OPEN) connect();
  } catch {
    sayAway();
  }
  looking = false;
}

export function follow(given) {
  handlers = given;
  connect();
  setInterval(look, 1000);
}

export function choose(process) {
  query = process === "" ? "" : `?process=${encodeURIComponent(process)}`;
  connect();
}
