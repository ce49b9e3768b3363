// The page: what comes by the stream is given to whoever shows it.

import { draw } from "./chart.js";
import { find, show } from "./dom.js";
import * as figures from "./figures.js";
import * as jobs from "./jobs.js";
import * as queues from "./queues.js";
import * as stalls from "./stalls.js";
import { choose, follow } from "./stream.js";
import * as tables from "./tables.js";

if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname);

let last = null;

function showLive(live) {
  last = live;
  show(find("#unwatched"), !live.watched);
  draw(find("#chart"), live.lag, live.clock);
  figures.showLive(live);
  tables.showRoutes(live);
  tables.showLanes(live);
  tables.showPools(live);
  tables.showProcesses(live);
  stalls.age(live.at);
}

follow({
  live: showLive,
  stalls: (found) => {
    stalls.showStalls(found, last ? last.at : Date.now() / 1000);
    figures.showStalls(found);
  },
  jobs: (found) => {
    figures.showJobs(found);
    queues.showJobs(found);
    jobs.notice(found.stores);
  },
});
find("#process").addEventListener("change", (event) => choose(event.target.value));
new ResizeObserver(() => last && draw(find("#chart"), last.lag, last.clock)).observe(find("#chart"));
