import { readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { seeded } from "../../support/random.ts";
import { answer, usage } from "../answering.ts";
import { Samples } from "../generator/samples.ts";
import { countTraffic } from "../traffic.ts";

/**
 * Places orders by nothing but `pg`, durably: the most that a Node process can do on this PostgreSQL with a statement,
 * or five, for each order. 32 workers on a pool of 16, prepared statements; the SQL is that of `place.sql` and
 * `place_cte.sql`.
 */
const WORKERS = 32;
const CONNECTIONS = 16;
const SKUS = 1_000;
const CUSTOMERS = 100_000;

interface Choice {
  readonly c: number;
  readonly s1: number;
  readonly s2: number;
  oid?: string;
}

/** A script of pgbench as a list of prepared statements: its variables become parameters. */
function readScript(file: string): { name: string; text: string; variables: (keyof Choice)[] }[] {
  const script = readFileSync(path.join(import.meta.dirname, file), "utf8").replaceAll(/^\\set .*$/gm, "");
  return script
    .replaceAll("AS oid \\gset", ";")
    .split(/;\s*\n/)
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text, i) => {
      const variables: (keyof Choice)[] = [];
      const numbered = text.replaceAll(/(?<!:):([a-z]\w*)/g, (_, name: keyof Choice) => {
        if (!variables.includes(name)) variables.push(name);
        return `$${variables.indexOf(name) + 1}`;
      });
      return { name: `${file} ${i}`, text: numbered, variables };
    });
}

const traffic = countTraffic();
const script = readScript(process.env.SCRIPT as string);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const random = seeded(1);
const upTo = (most: number) => 1 + Math.floor(random() * most);
const samples = new Samples();
let stopping = false;

async function place(): Promise<void> {
  const choice: Choice = { c: upTo(CUSTOMERS), s1: upTo(SKUS), s2: upTo(SKUS) };
  const client = await pool.connect();
  try {
    for (const { name, text, variables } of script) {
      const values = variables.map((variable) => choice[variable]);
      const { rows } = await client.query<{ id?: string }>({ name, text, values });
      if (rows[0]?.id !== undefined) choice.oid = rows[0].id;
    }
  } finally {
    client.release();
  }
}

async function work(): Promise<void> {
  while (!stopping) {
    const since = performance.now();
    await place();
    samples.add("place", 201, performance.now() - since);
  }
}

let workers: Promise<unknown> = Promise.resolve();

answer({
  start: () => {
    workers = Promise.all(Array.from({ length: WORKERS }, work));
  },
  begin: () => samples.begin(),
  end: () => samples.end(),
  stop: async () => {
    stopping = true;
    await workers;
    await pool.end();
    return samples.statuses[201] ?? 0;
  },
  usage,
  traffic: () => structuredClone(traffic),
});
