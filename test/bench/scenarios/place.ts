import { accounted } from "../account.ts";
import { Child } from "../child.ts";
import { Load } from "../generator/load.ts";
import type { WindowSummary } from "../generator/samples.ts";
import { MEMORY, share } from "../goals.ts";
import { assertOnly, measureWindow } from "../measure.ts";
import { Platform, type StartPlatform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";

const IN_FLIGHT = 32;
const ONE = "node pg, one statement";

/**
 * Orders accepted by `POST /orders`. The lives of those orders go on behind, in the same process: what is measured has
 * them to carry. The baseline has nothing behind it.
 */
export async function place(bench: Bench, start: StartPlatform = Platform.start): Promise<Figures> {
  const { server } = bench;
  await using platform = await start(bench);
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 1 } },
    pace: { kind: "closed", connections: IN_FLIGHT },
  });
  const parts = { server, ...platform.parts, generator: load.child };
  const { figures } = await accounted(
    bench,
    platform.database.owner,
    parts,
    () => measureWindow(bench, load, parts, 201),
    ({ window }) => window.count,
  );
  const openAtEnd = await platform.open();
  const statuses = await load.stop();
  assertOnly(statuses, 201);
  await platform.rest();
  await platform.assertSound(statuses[201] ?? 0);
  return { ...figures, openAtEnd };
}

/** @param script the SQL, in `baselines/` */
function baseline(script: string): (bench: Bench) => Promise<Figures> {
  return async (bench) => {
    await using database = await bench.server.baselineDatabase();
    await using node = await Child.start("baselines/place-with-pg.ts", { SCRIPT: script, DATABASE_URL: database.url });
    await node.ask("start");
    const source = { begin: () => node.ask<void>("begin"), end: () => node.ask<WindowSummary>("end") };
    const { figures } = await measureWindow(bench, source, { server: bench.server, nodes: [node], traffic: true }, 201);
    const placed = await node.ask<number>("stop");
    const { rows } = await database.owner.query<{ count: number }>("select count(*)::int as count from orders");
    if (rows[0]?.count !== placed) throw new Refused(`${placed} orders were placed and ${rows[0]?.count} are there`);
    return figures;
  };
}

export const scenario: Scenario = {
  name: "place",
  what: `orders accepted and durable, ${IN_FLIGHT} in flight; an operation is an order`,
  sides: [
    { name: "platform", against: ONE, goals: [share(0.3, 0.5), MEMORY], run: (bench) => place(bench) },
    { name: ONE, run: baseline("place_cte.sql") },
    { name: "node pg, five statements", against: ONE, run: baseline("place.sql") },
  ],
};
