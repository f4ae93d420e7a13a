import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Config, readConfig, SEALING_DOMAINS, type SealingDomain } from "../platform/config.ts";
import { Database } from "../platform/database.ts";
import { SUPERUSER } from "../platform/embedded-postgres/cluster.ts";
import { readPidFile } from "../platform/embedded-postgres/pid-file.ts";
import { reseal, type SealedTable } from "../platform/sealing/reseal.ts";
import { Sealing } from "../platform/sealing/sealing.ts";
import { dataDirKeys } from "./data-keys.ts";
import { explain } from "./lifecycle.ts";
import { domainUrls } from "./prepare-database.ts";

const USAGE = `Usage: npm run reseal

Seals anew by the first of ENCRYPTION_KEYS all that another one has sealed, while the platform runs. After it the others
can be taken out of the setting. It takes the settings of a node (SERVICES, DATABASE_URL, ENCRYPTION_KEYS); without a
DATABASE_URL it is about what \`npm start\` or \`npm run cluster\` runs on DATA_DIR. It may be broken off and started again.
`;

/** Where the rows are, and the keys. */
type Target = Pick<Config, "databases" | "encryptionKeys">;

async function main(): Promise<number> {
  if (process.argv.length > 2) {
    process.stdout.write(USAGE);
    return process.argv[2] === "--help" ? 0 : 2;
  }
  try {
    const isGiven = ["DATABASE_URL", ...SEALING_DOMAINS.map((domain) => `${domain.toUpperCase()}_DATABASE_URL`)].some(
      (name) => process.env[name],
    );
    const config = readConfig({ ...process.env, ...(!isGiven && { DATABASE_URL: "embedded" }) });
    const target = isGiven ? config : await embedded(config);
    for (const domain of SEALING_DOMAINS) if (config.services.includes(domain)) await resealDomain(domain, target);
    return 0;
  } catch (error) {
    process.stderr.write(`\nNot all is sealed anew: ${explain(error)}\n`);
    return 1;
  }
}

/** What runs on the data folder. */
async function embedded({ encryptionKeys }: Config): Promise<Target> {
  const dataDir = path.resolve(process.env.DATA_DIR || ".data");
  const running = await readPidFile(path.join(dataDir, "postgres"));
  if (!running) throw new Error(`nothing runs on ${dataDir} (DATA_DIR): start it, and run this beside it`);
  const password = (await readFile(path.join(dataDir, "postgres.secret"), "utf8")).trim();
  const url = (database: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${running.port}/${database}`;
  return {
    databases: domainUrls({ password, url }, "waybill"),
    encryptionKeys: await dataDirKeys(dataDir, encryptionKeys),
  };
}

async function resealDomain(domain: SealingDomain, { databases, encryptionKeys }: Target): Promise<void> {
  const sealing = new Sealing(domain, encryptionKeys[domain]);
  const database = new Database(databases[domain], domain, 1);
  try {
    for (const table of await tablesOf(domain)) {
      const { changed } = await reseal(database, sealing, table);
      process.stdout.write(`${domain}.${table.table}: ${changed} sealed anew, all by ${sealing.keyId}\n`);
    }
  } finally {
    await database.close();
  }
}

async function tablesOf(domain: SealingDomain): Promise<readonly SealedTable[]> {
  switch (domain) {
    case "auth":
      return (await import("../services/auth/customers/sealed-tables.ts")).SEALED_TABLES;
    case "notifications":
      return (await import("../services/notifications/shared/sealed-tables.ts")).SEALED_TABLES;
    case "webhooks":
      return (await import("../services/webhooks/shared/sealed-tables.ts")).SEALED_TABLES;
    case "orders":
      return (await import("../services/orders/shared/sealed-tables.ts")).SEALED_TABLES;
    default:
      return domain satisfies never;
  }
}

process.exitCode = await main();
