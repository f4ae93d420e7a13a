import { beginAccount, writeAccount } from "../account.ts";
import { pgbench } from "../baselines/pgbench.ts";
import { Load } from "../generator/load.ts";
import { MEMORY, share } from "../goals.ts";
import { assertOnly, costs, pause, profiled, snapshot } from "../measure.ts";
import { Platform, type StartPlatform } from "../platform.ts";
import { endedChildrenCpuMicros } from "../processes.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";

/** So many orders are placed and not yet DELIVERED at most: what is placed is throttled to what gets delivered. */
const OPEN = 512;
const LOOK_MS = 25;
/** In the baseline's script, `begin` and `commit` among them; pgbench waits for each. */
const STATEMENTS = 39;
const PGBENCH = "pgbench, nine transactions";

/**
 * Whole lives, sustained: from the first placement until every order that was placed is DELIVERED, the end of the last
 * ones included, where less and less is on its way.
 */
export async function life(bench: Bench, start: StartPlatform = Platform.start): Promise<Figures> {
  const { server, options, profile } = bench;
  await using platform = await start(bench);
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 1 } },
    pace: { kind: "closed", connections: 32, limit: 0 },
  });
  await live(platform, load, options.warmupSeconds);
  await platform.rest();
  const parts = { server, ...platform.parts, generator: load.child };
  const lsn = profile === undefined ? undefined : await beginAccount(platform.database.owner);
  const [began, eventsBefore] = [await snapshot(parts), await platform.events()];
  const since = performance.now();
  await load.begin();
  const seconds = await profiled(platform.parts.nodes, profile, () => live(platform, load, options.seconds));
  const { count, p50, p99 } = await load.end();
  await platform.rest();
  const restSeconds = (performance.now() - since) / 1_000;
  const ended = await snapshot(parts);
  if (lsn !== undefined) {
    const { owner } = platform.database;
    await writeAccount(`${profile}.account.txt`, owner, lsn, count, began.traffic, ended.traffic);
  }
  const events = (await platform.events()) - eventsBefore;
  const statuses = await load.stop();
  assertOnly(statuses, 201);
  await platform.assertSound(statuses[201] ?? 0);
  return {
    perSecond: count / seconds,
    restPerSecond: count / restSeconds,
    eventsPerSecond: events / restSeconds,
    postP50: p50,
    postP99: p99,
    // Up to the rest: what a life leaves to be done after DELIVERED is a part of its price.
    ...costs(began, ended, count),
    events: events / count,
  };
}

/** Places for a time, then waits until all is DELIVERED. Answers how long both took, in seconds. */
export async function live(platform: Platform, load: Load, seconds: number): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1_000;
  while (performance.now() < end) {
    await load.allow(OPEN - (await platform.open()));
    await pause(LOOK_MS);
  }
  await load.allow(0);
  await load.settled();
  while ((await platform.open()) > 0) await pause(LOOK_MS / 5);
  return (performance.now() - began) / 1_000;
}

async function baseline({ server, options }: Bench): Promise<Figures> {
  await using database = await server.baselineDatabase();
  const { done: warmedUp } = await pgbench(database, "lifecycle.sql", Math.ceil(options.warmupSeconds));
  const before = { ...(await snapshot({ server })), pgbench: endedChildrenCpuMicros() };
  const { done, perSecond } = await pgbench(database, "lifecycle.sql", options.seconds);
  const after = await snapshot({ server });
  const cpuGenerator = (endedChildrenCpuMicros() - before.pgbench) / done;
  const { rows } = await database.owner.query<{ delivered: number; events: number }>(
    `select (select count(*)::int from orders where status = 'delivered') as delivered,
      (select count(*)::int from events) as events`,
  );
  const { delivered = 0, events = 0 } = rows[0] ?? {};
  const lives = warmedUp + done;
  if (delivered !== lives) throw new Refused(`${lives} lives were done and ${delivered} orders are delivered`);
  const cost = costs(before, after, done);
  return {
    perSecond,
    restPerSecond: perSecond,
    eventsPerSecond: (perSecond * events) / lives,
    ...cost,
    cpu: (cost.cpu ?? 0) + cpuGenerator,
    cpuGenerator,
    transactions: 9,
    statements: STATEMENTS,
    roundTrips: STATEMENTS,
    events: events / lives,
  };
}

export const scenario: Scenario = {
  name: "life",
  what: `whole lives, placed to DELIVERED, at most ${OPEN} orders on their way; an operation is a life`,
  sides: [
    { name: "platform", against: PGBENCH, goals: [share(1, 2), MEMORY], run: (bench) => life(bench) },
    { name: PGBENCH, run: baseline },
  ],
};
