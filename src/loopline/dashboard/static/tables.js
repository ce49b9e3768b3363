// Routes, lanes, database connections and processes.

import { element, fill, find, keep, setText, show } from "./dom.js";
import { count, duration, lag, rate } from "./format.js";

const named = (one) => (one.pid === null ? String(one.place) : `${one.place} (pid ${one.pid})`);
const flagged = (value) => (value ? { text: count(value), flag: "warm" } : "0");

export function showRoutes(live) {
  const body = find("#traffic tbody");
  fill(body, live.routes, (one) => one.route, [
    (one) => one.route,
    (one) => rate(one.rate),
    (one) => duration(one.p50),
    (one) => duration(one.p99),
    (one) => duration(one.total),
  ]);
  show(find("#traffic .scroll"), live.routes.length > 0);
  show(find("#traffic .empty"), live.routes.length === 0);
  const slow = live.oldest.filter((one) => one.seconds >= 1);
  show(find("#oldest"), slow.length > 0);
  setText(find("#oldest"), `In flight for long: ${slow.map((one) => `${one.route || "no route yet"} ${duration(one.seconds)}`).join(" · ")}`);
}

export function showLanes(live) {
  fill(find("#lanes tbody"), live.lanes, (one) => one.name, [
    (one) => one.name,
    (one) => {
      const left = one.abandoned ? ` (${one.abandoned} given up)` : "";
      return { text: `${one.running} of ${one.size}${left}`, flag: one.running >= one.size ? "warm" : "" };
    },
    (one) => ({ text: one.max_queue ? `${one.waiting} of ${one.max_queue}` : "–", flag: one.waiting ? "warm" : "" }),
    (one) => duration(one.p50),
    (one) => duration(one.p99),
    (one) => count(one.completed),
    (one) => flagged(one.failed),
    (one) => flagged(one.timed_out),
    (one) => count(one.cancelled),
    (one) => flagged(one.rejected),
  ]);
  show(find("#lanes .scroll"), live.lanes.length > 0);
  show(find("#lanes .empty"), live.lanes.length === 0);
}

export function showPools(live) {
  fill(find("#pools tbody"), live.pools, (one) => one.name, [
    (one) => one.name,
    (one) => ({ text: `${one.in_use} of ${one.size}`, flag: one.in_use >= one.size ? "warm" : "" }),
    (one) => count(one.count),
    (one) => duration(one.p50),
    (one) => duration(one.p99),
    (one) => flagged(one.rejected),
  ]);
  show(find("#pools").parentElement, live.pools.length > 0);
  show(find("#no-pools"), live.pools.length === 0);
}

export function showProcesses(live) {
  const several = live.processes.length > 1;
  show(find("#processes"), several);
  show(find("#choose"), several || live.chosen !== null);
  const select = find("#process");
  const known = [{ value: "", text: "all together" }, ...live.processes.map((one) => ({ value: String(one.place), text: named(one) }))];
  keep(select, known, (one) => one.value, () => element("option"), (child, one) => {
    child.value = one.value;
    setText(child, one.text);
  });
  fill(find("#processes tbody"), live.processes, (one) => one.place, [
    named,
    (one) => (one.silent ? { text: `no answer for ${duration(one.silent)}`, flag: "bad" } : "answers"),
    (one) => ({ text: lag(one.lag), flag: one.lag >= 0.1 ? "bad" : "" }),
    (one) => count(one.in_flight),
    (one) => rate(one.rate),
    (one) => (one.started === null ? "–" : duration(live.at - one.started)),
  ]);
}
