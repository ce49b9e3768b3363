// How the jobs stand in each queue, and the button that holds one.

import { post } from "./ask.js";
import { element, fill, find, setText, show } from "./dom.js";
import { count, duration, rate } from "./format.js";

const said = find("#said");

async function hold(button, queue) {
  const pause = button.dataset.does === "pause";
  button.setAttribute("aria-busy", "true");
  try {
    await post(pause ? "queues/pause" : "queues/resume", { queue });
    setText(said, pause ? `Queue ${queue} is paused: what runs goes on, nothing else begins.` : `Queue ${queue} goes on.`);
  } catch (error) {
    setText(said, error.message);
  }
  button.removeAttribute("aria-busy");
}

export function showJobs(jobs) {
  show(find("#jobs-problem"), Boolean(jobs.problem));
  setText(find("#jobs-problem"), jobs.problem ?? "");
  if (jobs.problem) return;
  show(find("#no-jobs"), !jobs.queues);
  show(find("#jobs-all"), Boolean(jobs.queues));
  if (!jobs.queues) return;
  setText(find("#workers"), jobs.workers === 0
    ? "No worker runs: jobs wait until one does."
    : `${count(jobs.workers)} ${jobs.workers === 1 ? "worker" : "workers"}.`);
  const of = (state) => (queue) => {
    const there = queue.counts[state] ?? 0;
    const text = count(there) + (there && jobs.more.includes(state) ? "+" : "");
    return { text, flag: state === "discarded" && there ? "bad" : state === "retryable" && there ? "warm" : "" };
  };
  const body = find("#queues tbody");
  fill(body, jobs.queues, (queue) => queue.name, [
    (queue) => (queue.paused ? { text: `${queue.name} (paused)`, flag: "warm" } : queue.name),
    of("available"),
    (queue) => duration(queue.oldest),
    of("running"), of("scheduled"), of("retryable"), of("completed"), of("discarded"), of("cancelled"),
    (queue) => rate(queue.completed),
    (queue) => rate(queue.failed),
    null,
  ], (row, queue) => {
    row.lastElementChild.append(element("button", { type: "button", onclick: (event) => hold(event.currentTarget, queue.name) }));
  });
  for (const queue of jobs.queues) {
    const button = [...body.rows].find((row) => row.dataset.key === queue.name).querySelector("button");
    button.dataset.does = queue.paused ? "resume" : "pause";
    setText(button, queue.paused ? "Resume" : "Pause");
    button.setAttribute("aria-label", `${queue.paused ? "Resume" : "Pause"} queue ${queue.name}`);
  }
}
