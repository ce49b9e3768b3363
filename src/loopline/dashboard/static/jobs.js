// The list of jobs of one database: found by state, task, queue or id.

import { get } from "./ask.js";
import { element, fill, find, keep, setText, show } from "./dom.js";
import { date, time } from "./format.js";
import { open } from "./job.js";

const form = find("#find");
const body = find("#list tbody");
const older = find("#older");
const end = find("#list-end span");
const said = find("#said");
const EVERY = 2000; // ms between two looks at the list, at least

let wanted = "";
let store = ""; // whose jobs they are
let shown = [];
let following = false;

const today = (at) => (new Date(at * 1000).toDateString() === new Date().toDateString() ? time(at) : date(at));

function draw(found) {
  fill(body, shown, (job) => job.id, [
    null,
    (job) => ({ text: job.state, flag: { discarded: "bad", retryable: "warm" }[job.state] ?? "" }),
    (job) => job.task,
    (job) => job.queue,
    (job) => `${job.attempt} of ${job.max_attempts}`,
    (job) => today(job.created),
    (job) => ({ text: job.arguments, flag: "code" }),
  ], (row, job) => {
    row.firstElementChild.append(element("button", {
      type: "button", class: "link", "aria-label": `Open job ${job.id}`, onclick: () => open(job.id, store, refresh),
    }, String(job.id)));
  });
  show(older, found.more);
  setText(end, shown.length === 0
    ? (wanted ? "No job is like that." : "No job yet: what a task's enqueue(…) stores appears here.")
    : found.complete || found.more ? "" : "Only the last 50,000 in this state were looked at.");
}

async function load(before = null) {
  const query = new URLSearchParams(wanted);
  query.set("store", store);
  if (before !== null) query.set("before", before);
  const found = await get(`jobs?${query}`);
  shown = before === null ? found.jobs : [...shown, ...found.jobs];
  following = before === null;
  draw(found);
}

async function tell(doing) {
  try {
    await doing;
    if (said.dataset.problem) setText(said, "");
    delete said.dataset.problem;
  } catch (error) {
    setText(said, error.message);
    said.dataset.problem = "true";
  }
}

export const refresh = () => tell(load());

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim() !== ""));
  delete given.store;
  if (given.id) {
    tell(open(given.id, store, refresh));
    return;
  }
  wanted = new URLSearchParams(given).toString();
  refresh();
});
form.elements.state.addEventListener("change", () => form.requestSubmit());
older.addEventListener("click", () => tell(load(shown.at(-1).id)));

let begun = false;
let changed = false;

// Another database: other tasks and queues, other jobs.
async function choose(key) {
  store = key;
  begun = true;
  try {
    const names = await get(`jobs/names?store=${store}`);
    const any = form.elements.state.options[0];
    form.elements.state.replaceChildren(any, ...names.states.map((state) => element("option", {}, state)));
    any.selected = true;
    find("#tasks").replaceChildren(...names.tasks.map((task) => element("option", { value: task })));
    find("#queue-names").replaceChildren(...names.queues.map((queue) => element("option", { value: queue })));
    wanted = "";
    await load();
  } catch (error) {
    begun = false;
    setText(said, error.message);
    said.dataset.problem = "true";
  }
}

form.elements.store.addEventListener("change", (event) => choose(event.target.value));

// Called whenever the jobs stand otherwise than before: then the list is looked at again, soon.
export function notice(stores) {
  changed = true;
  keep(form.elements.store, stores, (one) => one.key, () => element("option"), (child, one) => {
    child.value = one.key;
    setText(child, one.name);
  });
  const known = stores.some((one) => one.key === store);
  if (stores.length && (!begun || !known)) choose(known ? store : stores[0].key);
}

setInterval(() => {
  if (!changed || !begun || !following || document.hidden || find("#job").open) return;
  changed = false;
  refresh();
}, EVERY);
