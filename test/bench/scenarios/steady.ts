import { accounted } from "../account.ts";
import { Load } from "../generator/load.ts";
import { assertOnly, measureWindow } from "../measure.ts";
import { Platform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";

const PER_SECOND = 50;
const CONNECTIONS = 256;

/** A steady rate, far from what the platform can do: how long a customer waits for the answer, and for the door. */
async function platform(bench: Bench): Promise<Figures> {
  const { server } = bench;
  await using platform = await Platform.start(bench);
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 1 } },
    pace: { kind: "open", perSecond: PER_SECOND, connections: CONNECTIONS },
  });
  const since = Date.now() + bench.options.warmupSeconds * 1_000;
  const parts = { server, ...platform.parts, generator: load.child };
  const { figures } = await accounted(
    bench,
    platform.database.owner,
    parts,
    () => measureWindow(bench, load, parts, 201),
    ({ window }) => window.count,
  );
  const until = Date.now();
  const statuses = await load.stop();
  assertOnly(statuses, 201);
  await platform.rest();
  await platform.assertSound(statuses[201] ?? 0);
  const { p50 = 0, p99 = 0, ...rest } = figures;
  return { ...rest, postP50: p50, postP99: p99, ...(await lifeTimes(platform, since, until)) };
}

/** From placed to DELIVERED, by the times of the two events, of what was placed in a span of time. */
async function lifeTimes({ database }: Platform, since: number, until: number): Promise<Figures> {
  const { rows } = await database.owner.query<{ times: number[] | null }>(
    `select percentile_disc(array[0.5, 0.99]) within group (order by ms) as times
     from (
       select extract(epoch from d.at - p.at)::float8 * 1000 as ms
       from orders.event_log p join orders.event_log d using (stream)
       where p.type = 'orders.placed.v1' and d.type = 'orders.delivered.v1' and p.at between $1 and $2) lives`,
    [new Date(since), new Date(until)],
  );
  const [p50, p99] = rows[0]?.times ?? [];
  if (p50 === undefined || p99 === undefined) throw new Refused("no order was placed in the window");
  return { p50, p99 };
}

export const scenario: Scenario = {
  name: "steady",
  what: `${PER_SECOND} orders a second, whatever the answers take; p50 and p99 are from placed to DELIVERED`,
  sides: [
    {
      name: "platform",
      goals: [{ figure: "p99", of: "value", sense: "at most", aim: 250, beyond: 100 }],
      run: platform,
    },
  ],
};
