import { Load } from "../generator/load.ts";
import { MEMORY } from "../goals.ts";
import { assertOnly, pause } from "../measure.ts";
import { Platform } from "../platform.ts";
import type { Bench, Figures, Scenario } from "../scenario.ts";
import { slope } from "../statistics.ts";
import { live } from "./life.ts";

const MINUTES = 30;
const LOOKS = 30;
/** What is within this is flat, in MB an hour: ten in the half of an hour. */
const FLAT = 20;

/** The memory of Node at a moment of the run. */
interface Look {
  /** Since the beginning. */
  readonly hours: number;
  readonly mb: number;
}

/** Whole lives, as many as it can bring to their end, for half an hour. */
async function soak(bench: Bench): Promise<Figures> {
  const minutes = bench.options.quick ? 1 : MINUTES;
  await using platform = await Platform.start(bench);
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 1 } },
    pace: { kind: "closed", connections: 32, limit: 0 },
  });
  await load.begin();
  const [looks, seconds] = await Promise.all([watch(platform, minutes), live(platform, load, minutes * 60)]);
  const { count, p50, p99 } = await load.end();
  const statuses = await load.stop();
  assertOnly(statuses, 201);
  await platform.rest();
  await platform.assertSound(statuses[201] ?? 0);
  // At first it grows to its size.
  const settled = looks.slice(Math.ceil(looks.length / 6) - 1);
  return {
    ...{ perSecond: count / seconds, postP50: p50, postP99: p99 },
    rssMb: Math.max(...looks.map(({ mb }) => mb)),
    ...{ rssEarlyMb: settled[0]?.mb ?? 0, rssLateMb: settled.at(-1)?.mb ?? 0 },
    rssGrowth: slope(settled.map(({ hours, mb }) => [hours, mb])),
  };
}

/** Looks at the memory, evenly over the time. */
async function watch(platform: Platform, minutes: number): Promise<Look[]> {
  const began = performance.now();
  const looks: Look[] = [];
  for (let i = 1; i <= LOOKS; i += 1) {
    await pause(began + (i * minutes * 60_000) / LOOKS - performance.now());
    const sizes = await Promise.all(platform.parts.nodes.map((node) => node.ask<number>("rss")));
    const mb = sizes.reduce((sum, bytes) => sum + bytes, 0) / 2 ** 20;
    looks.push({ hours: (performance.now() - began) / 3_600_000, mb });
    process.stderr.write(`soak: ${mb.toFixed(0)} MB after ${((i * minutes) / LOOKS).toFixed(1)} minutes\n`);
  }
  return looks;
}

export const scenario: Scenario = {
  name: "soak",
  what: `whole lives for ${MINUTES} minutes (one with --quick); an operation is a life`,
  sides: [
    {
      name: "platform",
      goals: [MEMORY, { figure: "rssGrowth", of: "value", sense: "at most", aim: FLAT }],
      once: true,
      run: soak,
    },
  ],
};
