import { onHand } from "../../support/oracle.ts";
import type { BenchDatabase } from "../bench-server.ts";
import { Load } from "../generator/load.ts";
import { share } from "../goals.ts";
import { makeOrders } from "../growth/orders.ts";
import { takeSample } from "../growth/sample.ts";
import { assertConsistent, Platform, type StartPlatform } from "../platform.ts";
import type { Bench, Figures, Scenario, Side } from "../scenario.ts";
import { life, live } from "./life.ts";
import { place } from "./place.ts";
import { order, pathsOf, read } from "./reads.ts";

const ORDERS = 1_000_000;
const FEW_ORDERS = 10_000;
/**
 * After a checkpoint the first write to a page writes it to the log whole, and the loader ends with one: at first every
 * order writes two pages of indexes whole in which its number and its key have a place of their own. What is measured is
 * the time after that: so many orders have been to nearly every page of those.
 */
const SETTLING_ORDERS = 25_000;
const SETTLED_TOGETHER_SECONDS = 5;

const shown = (count: number) => count.toLocaleString("en-US");

type Work = (bench: Bench, start: StartPlatform) => Promise<Figures>;

/** The databases of all runs. They go with the server: making or dropping one makes a checkpoint. */
interface Databases {
  readonly grown: BenchDatabase;
  /** In which nothing has happened, one a run. */
  readonly empty: BenchDatabase[];
}

let databases: Promise<Databases> | undefined;

/** Made by the first run that needs them, for all of them. */
async function makeDatabases(bench: Bench): Promise<Databases> {
  const empty: BenchDatabase[] = [];
  for (let run = 0; run < WORKS.length * bench.options.rounds; run += 1)
    empty.push(await bench.server.platformDatabase());
  return { grown: await grow(bench), empty };
}

async function grow(bench: Bench): Promise<BenchDatabase> {
  const count = bench.options.quick ? FEW_ORDERS : ORDERS;
  const database = await bench.server.platformDatabase();
  const initial = await onHand(database.owner);
  const sample = await takeSample(bench, database);
  await timed(`${shown(count)} orders made`, () => makeOrders(database, sample, count));
  // All rows are compared with each other; on the disk that would take as long as the making.
  await database.owner.query("set work_mem = '256MB'");
  await timed("found consistent", () => assertConsistent(database, initial));
  await timed("settled", () => settle(bench, database));
  return database;
}

/** Lets it live for a while, as a database of that size has. */
async function settle(bench: Bench, database: BenchDatabase): Promise<void> {
  await using platform = await Platform.start(bench, { database });
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 2 } },
    pace: { kind: "closed", connections: 32, limit: 0 },
  });
  for (let placed = 0; placed < (bench.options.quick ? 1 : SETTLING_ORDERS); ) {
    await load.begin();
    await live(platform, load, bench.options.quick ? 1 : SETTLED_TOGETHER_SECONDS);
    placed += (await load.end()).count;
  }
  await load.stop();
  await platform.rest();
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const since = performance.now();
  await work();
  process.stderr.write(`growth: ${what} in ${((performance.now() - since) / 1_000).toFixed(0)} s\n`);
}

const startGrown: StartPlatform = async (bench) => {
  databases ??= makeDatabases(bench);
  return Platform.start(bench, { database: (await databases).grown });
};

const startEmpty: StartPlatform = async (bench) => {
  databases ??= makeDatabases(bench);
  return Platform.start(bench, { database: (await databases).empty.pop() as BenchDatabase });
};

async function reads(bench: Bench, start: StartPlatform): Promise<Figures> {
  await using platform = await start(bench);
  const paths = await pathsOf(platform, order);
  return await read(bench, platform, paths, { server: bench.server, ...platform.parts });
}

const WORKS: readonly { readonly name: string; readonly work: Work }[] = [
  { name: "placing", work: place },
  { name: "whole lives", work: life },
  { name: "GET /orders/:id", work: reads },
];

function pair({ name, work }: (typeof WORKS)[number]): Side[] {
  const empty = `${name}, empty database`;
  return [
    {
      name: `${name}, grown database`,
      against: empty,
      goals: [share(0.9)],
      run: (bench) => work(bench, startGrown),
    },
    { name: empty, run: (bench) => work(bench, startEmpty) },
  ];
}

export const scenario: Scenario = {
  name: "growth",
  what: `beside ${shown(ORDERS)} orders at their end and their events (with --quick ${shown(FEW_ORDERS)}), and beside none`,
  sides: WORKS.flatMap(pair),
};
