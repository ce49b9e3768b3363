// One job: its arguments, what became of its attempts, and what can be done to it.

import { get, post } from "./ask.js";
import { element, find, setText } from "./dom.js";
import { date, duration } from "./format.js";

const dialog = find("#job");
const said = find("#job-said");
const EVERY = 1000; // ms between two looks at it while it is open and may change

let opened = null;
let store = "";
let ended = false;
let changed = () => {};

const fact = (name, value) => [element("dt", {}, name), element("dd", {}, value)];

function timeline(job) {
  const steps = [[job.created, 0, "enqueued", null]];
  if (job.started !== null) steps.push([job.started, 2 * job.attempt - 1, `attempt ${job.attempt} began`, null]);
  for (const failure of job.failures) steps.push([failure.at, 2 * failure.attempt, `attempt ${failure.attempt} failed`, failure]);
  if (job.finished !== null) steps.push([job.finished, Infinity, job.state, null]);
  else if (job.state !== "running") steps.push([job.run_at, Infinity, "due", null]);
  // In one statement the database stamps several with the same time.
  steps.sort(([a, first], [b, second]) => (Math.abs(a - b) < 0.01 ? first - second : a - b));
  return steps;
}

function draw(job) {
  ended = !job.can_cancel;
  setText(find("#job-title"), `Job ${job.id}: ${job.task}`);
  const took = job.finished !== null && job.started !== null ? duration(job.finished - job.started) : "–";
  find("#job-facts").replaceChildren(
    ...fact("State", job.state),
    ...fact("Queue", job.queue),
    ...fact("Attempt", `${job.attempt} of ${job.max_attempts}`),
    ...fact("Priority", String(job.priority)),
    ...fact("Last attempt took", took),
    ...(job.unique_key === null ? [] : fact("Unique key", job.unique_key)),
    ...(job.trace === null ? [] : fact("Trace", job.trace)),
  );
  setText(find("#job-arguments"), job.arguments);
  const left = job.failures_left_out ? [element("li", {}, `${job.failures_left_out} earlier failures are not shown`)] : [];
  const known = JSON.stringify(job);
  const list = find("#job-timeline");
  if (list.dataset.known !== known) {
    list.dataset.known = known;
    list.replaceChildren(...left, ...timeline(job).map(([at, , what, failure]) => element("li", {},
      element("time", {}, date(at)), ` ${what}`,
      failure ? element("p", { class: "error" }, failure.error) : null,
      failure && failure.traceback
        ? element("details", { open: failure === job.failures.at(-1) }, element("summary", {}, "Traceback"), element("pre", { tabindex: "0", "aria-label": "Traceback" }, failure.traceback))
        : null)));
  }
  actions(job);
}

function actions(job) {
  const wanted = [
    job.can_retry ? ["retry", job.state === "scheduled" || job.state === "retryable" ? "Run now" : "Try again"] : null,
    job.can_cancel ? ["cancel", "Cancel"] : null,
  ].filter(Boolean);
  const known = wanted.map(([what]) => what).join();
  const place = find("#job-actions");
  if (place.dataset.known === known) return;
  place.dataset.known = known;
  place.replaceChildren(...wanted.map(([what, text]) => element("button", { type: "button", onclick: () => act(what, job.id) }, text)));
}

async function act(what, id) {
  try {
    const { done } = await post(`jobs/${what}`, { id, store });
    const told = { retry: ["It runs again.", "It can't run again: it has ended or runs already, or another has its unique key."],
      cancel: ["It is cancelled, or will be as soon as its worker hears of it.", "It has ended already."] };
    setText(said, told[what][done ? 0 : 1]);
    await look();
    changed();
  } catch (error) {
    setText(said, error.message);
  }
}

async function look() {
  const job = await get(`jobs/${opened}?store=${store}`);
  if (job.id === Number(opened)) draw(job);
}

export async function open(id, inStore, onChange) {
  opened = id;
  store = inStore;
  changed = onChange;
  setText(said, "");
  await look();
  if (!dialog.open) dialog.showModal();
}

dialog.addEventListener("close", () => changed());
// A click beside it closes it, as Escape does.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
setInterval(() => {
  if (dialog.open && !ended && !document.hidden) look().catch((error) => setText(said, error.message));
}, EVERY);
