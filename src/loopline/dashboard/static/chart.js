// The loop's lag as bars, one for each second, on a logarithmic scale.

import { lag } from "./format.js";

const SPACE = "http://www.w3.org/2000/svg";
const SECONDS = 120;
const LOWEST = 0.0001;
const HIGHEST = 10;
const NOTICED = 0.1;
const LINES = [0.001, 0.01, NOTICED, 1];
const HEIGHT = 170;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 8, 12, 22];

function svg(tag, attributes, text) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const height = (value) => {
  const share = Math.log(Math.min(Math.max(value, LOWEST), HIGHEST) / LOWEST) / Math.log(HIGHEST / LOWEST);
  return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
};

// A loop that stood still for seconds had no beat meanwhile: its lag grew.
function filled(seconds) {
  const known = new Map(seconds);
  for (const [second, worst] of seconds) {
    for (let back = 1; back < worst; back += 1) {
      if (!known.has(second - back)) known.set(second - back, worst - back);
    }
  }
  return known;
}

export function draw(chart, seconds, clock) {
  const width = Math.max(280, chart.clientWidth);
  const step = (width - LEFT - RIGHT) / SECONDS;
  const now = Math.floor(clock);
  const parts = [];
  for (const value of LINES) {
    const y = height(value);
    parts.push(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: value === NOTICED ? "noticed" : "grid" }));
    parts.push(svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, value < 1 ? `${value * 1000} ms` : `${value} s`));
  }
  for (const [back, text, anchor] of [[120, "2 min ago", "start"], [60, "1 min ago", "middle"], [0, "now", "end"]]) {
    const x = width - RIGHT - back * step;
    parts.push(svg("text", { x, y: HEIGHT - 6, "text-anchor": anchor }, text));
  }
  let worst = null;
  for (const [second, value] of filled(seconds)) {
    const back = now - second;
    if (back < 1 || back > SECONDS) continue;
    const x = width - RIGHT - back * step;
    const y = height(value);
    const late = value >= NOTICED;
    parts.push(svg("rect", {
      x: x.toFixed(1), y: y.toFixed(1), width: Math.max(1, step - 1).toFixed(1),
      height: Math.max(1, HEIGHT - BOTTOM - y).toFixed(1), class: late ? "late" : "bar",
    }));
    if (late && (!worst || value > worst.value)) worst = { value, x, y };
  }
  if (worst) {
    const x = Math.min(Math.max(worst.x, LEFT + 24), width - RIGHT - 24);
    parts.push(svg("text", { x, y: Math.max(worst.y - 4, 10), "text-anchor": "middle", class: "worst" }, lag(worst.value)));
  }
  chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  chart.replaceChildren(...parts);
  const all = seconds.map(([, value]) => value);
  chart.setAttribute("aria-label", all.length
    ? `Loop lag, last two minutes: worst ${lag(Math.max(...all))}, last ${lag(all.at(-1))}`
    : "Loop lag: nothing measured yet");
}
