import { parseArgs } from "node:util";
import pg from "pg";
import type { DomainName } from "../platform/config.ts";
import { PATIENCE } from "../platform/database.ts";
import { seedFixtures } from "./fixtures.ts";
import { explain } from "./lifecycle.ts";
import { type DomainPlan, readMigrationPlan } from "./migrate/settings.ts";
import { prepareDomain } from "./prepare-database.ts";

const USAGE = `Usage: npm run migrate -- [--fixtures]

Makes the domains' roles, schemas and tables, or brings them up to date. It may run at any time, and twice at once.
DATABASE_OWNER_URL is whose database it is, DATABASE_URL (or ORDERS_DATABASE_URL, ...) what the nodes are given.

  --fixtures  adds the demo tenants, clients, products and stock that are missing
`;

/** Prepares the databases of a cluster, whose nodes may read and write rows and nothing more. */
async function main(): Promise<number> {
  const values = readArguments();
  if (values === undefined || values.help) {
    process.stdout.write(USAGE);
    return values ? 0 : 2;
  }
  try {
    const plans = readMigrationPlan(process.env);
    for (const plan of plans) await prepare(plan);
    if (values.fixtures) {
      const urls = plans.map(({ domain, url }) => [domain, url]);
      await seedFixtures(Object.fromEntries(urls) as Record<DomainName, string>);
      process.stdout.write("The fixtures are there.\n");
    }
    return 0;
  } catch (error) {
    process.stderr.write(`\nThe databases are not prepared: ${explain(error)}\n`);
    return 1;
  }
}

function readArguments(): { fixtures?: boolean; help?: boolean } | undefined {
  try {
    return parseArgs({ options: { fixtures: { type: "boolean" }, help: { type: "boolean" } } }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

async function prepare(plan: DomainPlan): Promise<void> {
  const { domain, owner, role } = plan;
  try {
    const done = await prepareDomain(owner, domain, plan);
    await lookAsTheNodes(plan);
    process.stdout.write(`${domain}: ${done.length === 0 ? "up to date" : done.join(", ")} (role ${role})\n`);
  } catch (error) {
    throw new Error(`${domain}: ${explain(error)}`, { cause: error });
  }
}

/** What was prepared is what the nodes will find: the two connection strings may name different databases. */
async function lookAsTheNodes({ domain, url }: DomainPlan): Promise<void> {
  const client = new pg.Client({ connectionString: url, ...PATIENCE });
  await client.connect();
  try {
    const { rows } = await client.query<{ there: boolean }>("select to_regclass($1) is not null as there", [
      `${domain}.event_log`,
    ]);
    if (!rows[0]?.there) throw new Error("its own connection string leads to another database than its owner's");
  } finally {
    await client.end();
  }
}

process.exitCode = await main();
