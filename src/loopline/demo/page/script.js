// The start page: a card a pattern, a button a route. Answers are shown as text, never as HTML.
"use strict";

const json = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const order = json({ user_id: 1, item_id: 2, quantity: 3, note: "from the start page" });

const patterns = [
  { title: "External calls in async def", text: "One shared client, a deadline for the whole call. A slow service becomes 504, a failing one 502, and nothing of its answer leaks.", routes: [
    ["GET /external-api"], ["GET /external-api?mode=slow"], ["GET /external-api?mode=fail"], ["GET /external-api?mode=hang"], ["GET /external"], ["GET /report"]] },
  { title: "CPU work", text: "Runs in a process: bounded queue (503 when full), timeout, given up when you leave. /primes tells how far it is.", routes: [
    ["POST /process?data=hello"], ["POST /process?data=hello&lane=executor"], ["20 × POST /process?data=hello", { times: 20 }], ["GET /primes", { progress: true }]] },
  { title: "Blocking calls in def", text: "In a lane of their own, slow neighbours can't starve the rest.", routes: [
    ["GET /sync-operation"], ["GET /also-good"], ["60 × GET /sync-operation", { times: 60 }]] },
  { title: "Sync and async dependencies mixed", text: "The query of /items runs in a thread, where the usual recipe blocks the loop. /profile needs a token.", routes: [
    ["GET /items"], ["GET /items?limit=2"], ["GET /profile"], ["GET /profile with a token", { headers: { authorization: "Bearer ada-demo-token" } }]] },
  { title: "Async database", text: "The request's session: committed before the answer is sent, rolled back on any error.", routes: [
    ["GET /users/1"], ["GET /users/999"], ["GET /users/x"]] },
  { title: "Concurrent calls", text: "At most eight at once, an outcome for each, stopped when you leave.", routes: [
    ["GET /users/batch?user_ids=1&user_ids=2&user_ids=999"], ["GET /users/batch?user_ids=x"], ["GET /users/batch?user_ids=1&user_ids=2&mode=hang"]] },
  { title: "Background work", text: "After the answer, in a job that was stored with the order: no crash loses it. Order, then read the order: its receipt was written meanwhile.", routes: [
    ["POST /send-notification", json({ email: "ada@example.com", message: "Hello" })], ["POST /orders", { ...order, keep: "order" }], ["GET /orders/{the last one}", { path: () => `/orders/${kept.order ?? 1}` }],
    ["POST /print-label"]] },
  { title: "The two classic mistakes", mistakes: true, text: "/bad blocks the loop, /wrong forgets an await: here to be caught. /good and /correct are the same, done right.", routes: [
    ["GET /bad", { mistake: true }], ["GET /good"], ["GET /wrong", { mistake: true }], ["GET /correct"]] },
];

const kept = {};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

async function call(path, init) {
  const started = performance.now();
  // Without no-store the browser sends equal requests one after the other, to see whether its cache can answer.
  const answer = await fetch(path, { cache: "no-store", ...init });
  const text = await answer.text();
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text, took: performance.now() - started };
}

// Server-sent events, each with how far it is. EventSource would hide the status, and ask again at the end.
async function follow(path, init, bar) {
  const started = performance.now();
  const answer = await fetch(path, { cache: "no-store", ...init });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", last = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (text + part.value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      if (!event.startsWith("data: ")) continue; // a comment keeps the connection alive
      last = event.slice(6);
      const { checked, below } = JSON.parse(last);
      bar.max = below;
      bar.value = checked;
    }
  }
  return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: last || text, took: performance.now() - started };
}

// A browser opens six connections to a host: five for many equal calls leave one for the strip at the top.
const AT_ONCE = 5;

async function callOften(times, path, init) {
  const answers = [];
  let left = times;
  const work = async () => { while (left-- > 0) answers.push(await call(path, init)); };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, times) }, work));
  return answers;
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
}

function statusLine(status, rest) {
  return element("span", {}, element("span", { className: status < 400 ? "good" : "bad", textContent: status }), rest);
}

async function press(button, output, label, options) {
  const { times = 1, keep, path: makePath, mistake, progress, ...init } = options;
  const [, method, target] = label.match(/(GET|POST) (\S+)/);
  const path = makePath ? makePath() : target;
  button.setAttribute("aria-busy", "true");
  output.className = "";
  output.replaceChildren(`${method} ${path} …`);
  try {
    const started = performance.now();
    const bar = progress ? [element("progress", { value: 0, ariaLabel: `Progress of ${label}` }), "\n"] : [];
    if (progress) output.replaceChildren(`${method} ${path}\n`, ...bar);
    const answers = progress ? [await follow(path, { method, ...init }, bar[0])] : await callOften(times, path, { method, ...init });
    if (times === 1) {
      const [answer] = answers;
      const after = answer.retryAfter ? ` · Retry-After ${answer.retryAfter}` : "";
      output.replaceChildren(`${method} ${path}\n`, ...bar, statusLine(answer.status, ` in ${Math.round(answer.took)} ms${after}\n`), pretty(answer.text));
      if (keep && answer.status < 400) kept[keep] = JSON.parse(answer.text).id;
    } else {
      output.replaceChildren(`${label}\n`);
      const counts = new Map();
      for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
      for (const [status, count] of counts) output.append(statusLine(status, ` × ${count}\n`));
      output.append(`all in ${Math.round(performance.now() - started)} ms, ${AT_ONCE} at once`);
    }
  } catch (error) {
    output.replaceChildren(`${method} ${path}\n${error}`);
  } finally {
    button.removeAttribute("aria-busy");
    output.dataset.done = label;
  }
}

for (const { title, text, routes, mistakes } of patterns) {
  const output = element("pre", { className: "empty", textContent: "The answer appears here." });
  // A long answer scrolls in its box: the keyboard must be able to get there.
  for (const [name, value] of Object.entries({ "aria-live": "polite", role: "region", "aria-label": `Answer: ${title}`, tabindex: 0 })) output.setAttribute(name, value);
  const buttons = element("div", { className: "buttons" });
  for (const [label, options = {}] of routes) {
    const button = element("button", { type: "button", textContent: label, className: options.mistake ? "mistake" : "" });
    button.addEventListener("click", () => press(button, output, label, options));
    buttons.append(button);
  }
  document.getElementById("patterns").append(
    element("section", { className: mistakes ? "mistakes" : "" }, element("h2", { textContent: title }), element("p", { textContent: text }), buttons, output));
}

// The strip: an innocent request four times a second, the last 30 seconds of it.
const COUNT = 120, LATE = 100, TALLEST = 600; // bars; milliseconds; milliseconds
const waits = [];

function draw() {
  const svg = document.getElementById("waits");
  svg.replaceChildren(...waits.map((wait, index) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = Math.max(1.5, Math.min(1, wait / TALLEST) * 66);
    for (const [name, value] of Object.entries({ x: (COUNT - waits.length + index) * 4, y: 68 - height, width: 3, height })) bar.setAttribute(name, value);
    if (wait > LATE) bar.setAttribute("class", "late");
    return bar;
  }));
}

async function beat() {
  try {
    const { took } = await call("/correct");
    waits.push(took);
    if (waits.length > COUNT) waits.shift();
    document.getElementById("wait").textContent = `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`;
    draw();
  } catch {
    document.getElementById("wait").textContent = "no answer";
  }
  setTimeout(beat, document.hidden ? 2000 : 250);
}
beat();
