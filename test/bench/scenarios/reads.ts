import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "../../support/client.ts";
import { Child } from "../child.ts";
import { Load, type Plan } from "../generator/load.ts";
import { share } from "../goals.ts";
import { assertOnly, measureWindow, type Parts } from "../measure.ts";
import { Platform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario, type Side } from "../scenario.ts";
import { TENANT } from "../shop.ts";

const IN_FLIGHT = 32;
/** How many different things are read in turn. */
const THINGS = 1_000;

/** What is read, as a path, and how it comes to be there. */
interface Thing {
  readonly path: string;
  ids(platform: Platform): Promise<string[]>;
}

/** As many of the orders that there are as are read, spread over all of them. */
const SPREAD = `select id from orders.orders where tenant = $1 order by md5(id::text) limit ${THINGS}`;

/** Orders. Where there are none yet they are placed first. */
export const order: Thing = {
  path: "/api/v1/orders",
  async ids(platform) {
    if (platform.isNew) await place(platform);
    return idsOf(platform, SPREAD);
  },
};

async function place(platform: Platform): Promise<void> {
  await using load = await Load.start({
    target: platform,
    requests: { name: "place-order", options: { seed: 1 } },
    pace: { kind: "closed", connections: IN_FLIGHT, limit: THINGS },
  });
  await load.settled();
  assertOnly(await load.stop(), 201);
  await platform.rest();
}

export const product: Thing = {
  path: "/api/v1/products",
  ids: (platform) => idsOf(platform, `select id from catalog.products where tenant = $1 and sku like 'BENCH-%'`),
};

async function idsOf({ database }: Platform, sql: string): Promise<string[]> {
  const { rows } = await database.owner.query<{ id: string }>(sql, [TENANT]);
  if (rows.length !== THINGS) throw new Refused(`there are ${rows.length} things to read, not ${THINGS}`);
  return rows.map(({ id }) => id);
}

/** The paths of what is read. */
export async function pathsOf(platform: Platform, thing: Thing): Promise<string[]> {
  return (await thing.ids(platform)).map((id) => `${thing.path}/${id}`);
}

/** Reads the paths in turn with so many in flight. */
export async function read(
  bench: Bench,
  target: Plan["target"],
  paths: readonly string[],
  parts: Parts,
): Promise<Figures> {
  await using load = await Load.start({
    target,
    requests: { name: "get", options: { paths } },
    pace: { kind: "closed", connections: IN_FLIGHT },
  });
  const { figures } = await measureWindow(bench, load, { ...parts, generator: load.child }, 200);
  assertOnly(await load.stop(), 200);
  return figures;
}

/** The platform reading a thing, and a bare gateway that answers one of these things every time. */
function pair(name: string, thing: Thing): Side[] {
  const bare = `bare moleculer-web, the answer of ${name}`;
  const sample = ({ dir }: Bench) => path.join(dir, `sample${thing.path.replaceAll("/", "-")}.json`);
  return [
    {
      name,
      against: bare,
      goals: [share(0.4, 0.6)],
      async run(bench) {
        await using platform = await Platform.start(bench);
        const paths = await pathsOf(platform, thing);
        const answer = await new Client(platform.url, platform.token).get(paths[0] as string);
        await writeFile(sample(bench), answer.text);
        // Awaited, or the platform would be stopped first.
        return await read(bench, platform, paths, { server: bench.server, ...platform.parts });
      },
    },
    {
      name: bare,
      async run(bench) {
        await using node = await Child.start("baselines/bare-gateway.ts", { ANSWER: sample(bench) });
        const url = await node.ask<string>("url");
        const paths = Array.from({ length: THINGS }, (_, i) => `/things/${i}`);
        return await read(bench, { url }, paths, { nodes: [node] });
      },
    },
  ];
}

export const scenario: Scenario = {
  name: "reads",
  what: `one order or product by its id, ${THINGS} of them in turn, ${IN_FLIGHT} in flight; an operation is a request`,
  sides: [...pair("GET /orders/:id", order), ...pair("GET /products/:id", product)],
};
