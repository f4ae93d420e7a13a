import { FEED_TYPES } from "../../support/public-log.ts";
import { Child } from "../child.ts";
import { Load } from "../generator/load.ts";
import type { Goal } from "../goals.ts";
import { assertOnly, costs, pause, profiled, snapshot } from "../measure.ts";
import { Platform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";

/** How many look at when the events were made that they receive; the others count them. */
const TIMED = 20;

interface Delivered {
  readonly count: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** What ten thousand readers of one node are to be told in, and what each may take of its memory. */
const GOALS: readonly Goal[] = [
  { figure: "p99", of: "value", sense: "at most", aim: 500 },
  { figure: "feedKb", of: "value", sense: "at most", aim: 20 },
];

/** Every feed shows all orders of the shop: what one order does is sent to all of them. */
function fanOut(feeds: number, perSecond: number): (bench: Bench) => Promise<Figures> {
  return async (bench) => {
    const { server, options, profile } = bench;
    await using platform = await Platform.start(bench);
    await using readers = await Child.start("generator/feeds.ts");
    const { url, token } = platform;
    const rss = () => platform.parts.nodes[0]?.ask<number>("rss") ?? Promise.reject(new Error("there is no node"));
    const empty = await rss();
    await readers.ask("open", { target: { url, token }, count: feeds, timedEvery: Math.ceil(feeds / TIMED) });
    // With what opening them has left to be collected, which is as much as they take themselves.
    const feedKb = ((await rss()) - empty) / feeds / 1_024;
    await using load = await Load.start({
      target: platform,
      requests: { name: "place-order", options: { seed: 1 } },
      pace: { kind: "open", perSecond, connections: 64 },
    });
    await pause(options.warmupSeconds * 1_000);
    const parts = { server, ...platform.parts, generator: readers };
    const before = await snapshot(parts);
    await readers.ask("begin");
    const { count, seconds, p50, p99 } = await profiled(platform.parts.nodes, profile, async () => {
      await pause(options.seconds * 1_000);
      return readers.ask<Delivered>("end");
    });
    const after = await snapshot(parts);
    const statuses = await load.stop();
    assertOnly(statuses, 201);
    await platform.rest();
    await platform.assertSound(statuses[201] ?? 0);
    await assertDelivered(platform, readers);
    const { cpu = 0, cpuNode = 0, cpuGenerator = 0, cpuPostgres = 0, rssMb = 0 } = costs(before, after, count);
    return { eventsPerSecond: count / seconds, p50, p99, feedKb, cpu, cpuNode, cpuGenerator, cpuPostgres, rssMb };
  };
}

/** Refuses the run unless every feed has received every public event once. */
async function assertDelivered({ database }: Platform, readers: Child): Promise<void> {
  const { rows } = await database.owner.query<{ count: number }>(
    "select count(*)::int as count from orders.event_log where type = any($1)",
    [FEED_TYPES],
  );
  const { wrong, lost } = await readers.ask<{ wrong: number; lost: number }>("complete", rows[0]?.count);
  if (wrong + lost > 0) throw new Refused(`${wrong} feeds have received too little or too much, ${lost} were cut off`);
}

export const scenario: Scenario = {
  name: "fan-out",
  what: "live feeds of all orders on one gateway; p50, p99: before the commit to receipt; an operation is an event",
  sides: [
    { name: "100 feeds, 50 orders a second", run: fanOut(100, 50) },
    { name: "1,000 feeds, 5 orders a second", run: fanOut(1_000, 5) },
    { name: "10,000 feeds, an order every two seconds", goals: GOALS, run: fanOut(10_000, 0.5) },
  ],
};
