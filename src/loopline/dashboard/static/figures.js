// The few numbers that are looked at first.

import { element, find, keep, setText } from "./dom.js";
import { count, lag, rate } from "./format.js";

const NOTICED = 0.1;
const list = find("#figures");
const ORDER = ["Loop lag", "In flight", "Requests/s", "Waiting for a lane", "Stalls", "Forgotten awaits", "Jobs available", "Jobs discarded"];
const figures = new Map(ORDER.map((name) => [name, { name, text: "–", note: "", flag: "" }]));

function put(name, text, { note = "", flag = "" } = {}) {
  figures.set(name, { name, text, note, flag });
  keep(
    list,
    [...figures.values()],
    (one) => one.name,
    (one) => element("div", {}, element("dt", {}, one.name), element("dd"), element("dd", { class: "note" })),
    (child, one) => {
      setText(child.children[1], one.text);
      setText(child.children[2], one.note);
      if (child.className !== one.flag) child.className = one.flag;
    },
  );
}

export function showLive(live) {
  const all = live.lag.map(([, value]) => value);
  const worst = all.length ? Math.max(...all) : null;
  const now = all.length ? Math.max(...all.slice(-3)) : null;
  put("Loop lag", now === null ? "–" : lag(now), {
    note: worst === null ? "not watched" : `worst ${lag(worst)}`,
    flag: now !== null && now >= NOTICED ? "bad" : "",
  });
  const sockets = live.websockets ? `, ${count(live.websockets)} websockets` : "";
  const oldest = live.oldest.length ? `oldest ${lag(live.oldest[0].seconds)}` : "none waits";
  put("In flight", count(live.in_flight), { note: `${oldest}${sockets}` });
  put("Requests/s", rate(live.rate), { note: `${live.processes.length} ${live.processes.length === 1 ? "process" : "processes"}` });
  const waiting = live.lanes.reduce((sum, lane) => sum + lane.waiting, 0);
  const refused = live.lanes.reduce((sum, lane) => sum + lane.rejected, 0);
  put("Waiting for a lane", count(waiting), { note: `${count(refused)} refused so far`, flag: waiting ? "warm" : "" });
}

export function showStalls({ stalls, forgotten }) {
  const sum = (groups) => groups.reduce((total, group) => total + group.count, 0);
  const places = (groups) => `${groups.length} ${groups.length === 1 ? "place" : "places"}`;
  put("Stalls", count(sum(stalls)), { note: places(stalls), flag: stalls.length ? "warm" : "" });
  put("Forgotten awaits", count(sum(forgotten)), { note: places(forgotten), flag: forgotten.length ? "warm" : "" });
}

export function showJobs({ stores }) {
  const well = stores.filter((store) => !store.problem);
  if (!well.length) {
    if (!stores.length) put("Jobs available", "–", { note: "no JobQueue is open" });
    return;
  }
  const queues = well.flatMap((store) => store.queues);
  const of = (state) => queues.reduce((sum, queue) => sum + (queue.counts[state] ?? 0), 0);
  const plus = (state) => (well.some((store) => store.more.includes(state)) ? "+" : "");
  const paused = queues.filter((queue) => queue.paused).length;
  put("Jobs available", count(of("available")) + plus("available"), {
    note: paused ? `${paused} queues paused` : `${count(of("running"))} running`,
    flag: paused ? "warm" : "",
  });
  const given = of("discarded");
  put("Jobs discarded", count(given) + plus("discarded"), {
    note: `${count(of("retryable"))} will be tried again`,
    flag: given ? "bad" : "",
  });
}
