// How numbers and times are written.

const number = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
});

export const count = (value) => number.format(value);

export const rate = (value) => (value >= 100 ? number.format(Math.round(value)) : value.toFixed(value >= 10 ? 0 : 1));

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return "<1 ms";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

export const lag = (seconds) => (seconds < 0.0001 ? "<0.1 ms" : seconds < 0.001 ? `${(seconds * 1000).toFixed(1)} ms` : duration(seconds));

export const time = (at) => clock.format(new Date(at * 1000));

export const date = (at) => day.format(new Date(at * 1000));

export function ago(at, now) {
  const seconds = Math.max(0, now - at);
  if (seconds < 2) return "just now";
  return seconds < 60 ? `${Math.floor(seconds)} s ago` : `${duration(seconds)} ago`;
}
