// How the jobs stand in each queue, and the button that holds one; and who works them off.

import { post } from "./ask.js";
import { element, fill, find, setText, show } from "./dom.js";
import { count, duration, rate } from "./format.js";

const said = find("#said");

async function hold(button, row) {
  const pause = button.dataset.does === "pause";
  button.setAttribute("aria-busy", "true");
  try {
    await post(pause ? "queues/pause" : "queues/resume", { queue: row.name, store: row.store.key });
    setText(said, pause ? `Queue ${row.name} is paused: what runs goes on, nothing else begins.` : `Queue ${row.name} goes on.`);
  } catch (error) {
    setText(said, error.message);
  }
  button.removeAttribute("aria-busy");
}

function showQueues(stores, several) {
  const of = (state) => (row) => {
    const there = row.counts[state] ?? 0;
    const text = count(there) + (there && row.store.more.includes(state) ? "+" : "");
    return { text, flag: state === "discarded" && there ? "bad" : state === "retryable" && there ? "warm" : "" };
  };
  const rows = stores.flatMap((store) => store.queues.map((queue) => ({ ...queue, store, key: `${store.key} ${queue.name}` })));
  const body = find("#queues tbody");
  fill(body, rows, (row) => row.key, [
    (row) => (row.paused ? { text: `${row.name} (paused)`, flag: "warm" } : row.name),
    (row) => row.store.name,
    of("available"),
    (row) => duration(row.oldest),
    of("running"), of("scheduled"), of("retryable"), of("completed"), of("discarded"), of("cancelled"),
    (row) => rate(row.completed),
    (row) => rate(row.failed),
    null,
  ], (line, row) => {
    line.lastElementChild.append(element("button", { type: "button", onclick: (event) => hold(event.currentTarget, row) }));
  });
  rows.forEach((row, place) => {
    const button = body.rows[place].querySelector("button");
    button.dataset.does = row.paused ? "resume" : "pause";
    setText(button, row.paused ? "Resume" : "Pause");
    button.setAttribute("aria-label", `${row.paused ? "Resume" : "Pause"} queue ${row.name}${several ? ` of ${row.store.name}` : ""}`);
  });
}

function showWorkers(stores) {
  const rows = stores.flatMap((store) => store.roster.map((worker) => ({ ...worker, store })));
  const shown = (value) => value ?? "–";
  fill(find("#roster tbody"), rows, (row) => `${row.store.key} ${row.id}`, [
    (row) => shown(row.host),
    (row) => row.store.name,
    (row) => shown(row.pid),
    (row) => ({ text: shown(row.queues), flag: "code" }),
    (row) => ({
      text: row.concurrency === null ? count(row.busy) : `${count(row.busy)} of ${count(row.concurrency)}`,
      flag: row.concurrency !== null && row.busy >= row.concurrency ? "warm" : "",
    }),
    (row) => duration(row.up),
    (row) => (row.silent === null ? { text: row.host === null ? "–" : "gone", flag: row.host === null ? "" : "bad" }
      : { text: row.silent < 2 ? "now" : `${duration(row.silent)} ago`, flag: row.silent >= 10 ? "bad" : "" }),
  ]);
  show(find("#workers-there"), rows.length > 0);
}

export function showJobs({ stores }) {
  const well = stores.filter((store) => !store.problem);
  const ill = stores.filter((store) => store.problem);
  const several = stores.length > 1;
  show(find("#jobs-problem"), ill.length > 0);
  setText(find("#jobs-problem"), ill.map((store) => (several ? `${store.name}: ${store.problem}` : store.problem)).join(" · "));
  if (!well.length && ill.length) return;
  show(find("#no-jobs"), stores.length === 0);
  show(find("#jobs-all"), stores.length > 0);
  find("#jobs").classList.toggle("one", !several);
  const workers = well.reduce((sum, store) => sum + store.workers, 0);
  setText(find("#workers"), workers === 0
    ? (stores.length ? "No worker runs: jobs wait until one does." : "")
    : `${count(workers)} ${workers === 1 ? "worker" : "workers"}.`);
  showQueues(well, several);
  showWorkers(well);
}
