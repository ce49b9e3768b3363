// What was found by the watch, grouped by place.

import { element, find, keep, setText, show, withCode } from "./dom.js";
import { ago, count, duration } from "./format.js";

const KINDS = {
  blocking: "a call that waits",
  cpu: "it computes",
  gil: "a call that holds the GIL",
  callbacks: "many short steps in a row",
  gc: "garbage collection",
  import: "a module imported at its first use",
  "no-cpu": "no processor for this process",
  "forgotten-await": "forgotten await",
};

let last = { stalls: [], forgotten: [] };

const keyOf = (one) => [one.kind, one.file, one.line, one.function, one.call, one.route].join("\u0000");

function make(one) {
  const chain = one.chain.length > 1
    ? element("details", {}, element("summary", {}, `The way to it, ${one.chain.length} steps`),
      element("ol", {}, ...one.chain.map(([file, line, name]) => element("li", {}, element("code", {}, `${file}:${line}`), ` ${name}`))))
    : null;
  return element("li", {},
    element("p", { class: "what" },
      element("strong", {}, KINDS[one.kind] ?? one.kind), one.call ? " " : null, one.call ? element("code", {}, one.call) : null,
      element("span", { class: "route" }, one.route ?? "")),
    element("p", { class: "times" }),
    one.file
      ? element("p", { class: "line" }, element("span", { class: "place" }, `${one.where}:${one.line} ${one.function}`), one.source ? element("code", {}, one.source) : null)
      : null,
    element("p", { class: "advice" }, ...withCode(one.advice)),
    chain);
}

function update(child, one, now) {
  const often = one.count === 1 ? "once" : `${count(one.count)} times`;
  const long = one.kind === "forgotten-await" ? often : `${often}, worst ${duration(one.worst)}, ${duration(one.total)} in all`;
  setText(child.querySelector(".times"), `${long} · ${ago(one.last, now)}`);
}

export function showStalls(found, now) {
  last = found;
  keep(find("#stalls .found"), found.stalls, keyOf, make, (child, one) => update(child, one, now));
  keep(find("#forgotten .found"), found.forgotten, keyOf, make, (child, one) => update(child, one, now));
  show(find("#stalls .empty"), found.stalls.length === 0);
  show(find("#forgotten"), found.forgotten.length > 0);
}

export const age = (now) => showStalls(last, now);
