import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { systemClock } from "../platform/clock.ts";
import { Database } from "../platform/database.ts";
import { makeFirstOperator } from "../services/auth/clients/first-operator.ts";
import { explain } from "./lifecycle.ts";

const USAGE = `Usage: npm run bootstrap -- [--tenant <id>] [--another]

Makes the client that may make all tenants and clients, and shows its secret this once. It asks AUTH_DATABASE_URL, or
DATABASE_URL, once \`npm run migrate\` has prepared it.

  --tenant <id>  whose it is, "waybill" unless said: a tenant of the platform's own
  --another      makes one more where there is one already: its secret was lost
`;

async function main(): Promise<number> {
  const values = readArguments();
  if (values === undefined || values.help) {
    process.stdout.write(USAGE);
    return values ? 0 : 2;
  }
  const { tenant = "waybill", another = false } = values;
  const url = process.env.AUTH_DATABASE_URL || process.env.DATABASE_URL;
  if (!url) return refuse("AUTH_DATABASE_URL or DATABASE_URL must be set.");
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant)) return refuse(`${tenant} is not a tenant's id.`);
  const database = new Database(url, "auth", 1);
  try {
    const by = userInfo().username;
    const made = await makeFirstOperator(database, { tenant, by, another, now: systemClock.now() });
    if ("there" in made) return refuse(`${made.there} has the scope platform already: it can make others.`);
    process.stdout.write(`client_id=${made.id}\nclient_secret=${made.secret}\n`);
    process.stderr.write("Nobody can show the secret again.\n");
    return 0;
  } catch (error) {
    return refuse(explain(error));
  } finally {
    await database.close();
  }
}

function readArguments(): { tenant?: string; another?: boolean; help?: boolean } | undefined {
  try {
    const options = { tenant: { type: "string" }, another: { type: "boolean" }, help: { type: "boolean" } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

function refuse(why: string): number {
  process.stderr.write(`No client was made: ${why}\n`);
  return 1;
}

process.exitCode = await main();
