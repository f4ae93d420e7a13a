import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import { type Parts, snapshot } from "./measure.ts";
import { columns } from "./report.ts";
import type { Bench } from "./scenario.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Does `work`, which measures a window, and writes beside its profile what an operation has cost. Without a profile the
 * work alone is done: to keep the account takes time.
 *
 * @param count how many operations were in the window; those of the warm-up are taken to have come as fast
 */
export async function accounted<T>(
  { options, profile }: Bench,
  owner: pg.Client,
  parts: Parts,
  work: () => Promise<T>,
  count: (result: T) => number,
): Promise<T> {
  if (profile === undefined) return work();
  const [lsn, before] = [await beginAccount(owner), await snapshot(parts)];
  const result = await work();
  const operations = count(result) * (1 + options.warmupSeconds / options.seconds);
  await writeAccount(`${profile}.account.txt`, owner, lsn, operations, before.traffic, (await snapshot(parts)).traffic);
  return result;
}

/** Where the write-ahead log ends now; `writeAccount` is given it later. The extension reads the log. */
export async function beginAccount(owner: pg.Client): Promise<string> {
  await owner.query("create extension if not exists pg_walinspect");
  const { rows } = await owner.query<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn");
  return rows[0]?.lsn ?? "";
}

/**
 * Writes what the operations since `lsn` have cost each: statements by name, and what was written to each table and
 * index, by records of the write-ahead log.
 */
export async function writeAccount(
  file: string,
  owner: pg.Client,
  lsn: string,
  operations: number,
  before: Traffic | undefined,
  after: Traffic | undefined,
): Promise<void> {
  const statements = Object.entries(after?.statements ?? {})
    .map(([name, count]) => ({ name, each: (count - (before?.statements[name] ?? 0)) / operations }))
    .filter(({ each }) => each > 0)
    .sort((a, b) => b.each - a.each);
  const { rows } = await owner.query<{ relation: string; records: number; bytes: number; full: number }>(
    `select coalesce(c.relnamespace::regnamespace || '.' || c.relname, 'gone') as relation, count(*)::int as records,
       coalesce(sum(w.block_data_length), 0)::float8 as bytes, coalesce(sum(w.block_fpi_length), 0)::float8 as full
     from pg_get_wal_block_info($1, pg_current_wal_insert_lsn()) w
     left join pg_class c on pg_relation_filenode(c.oid) = w.relfilenode group by 1 order by 2 desc`,
    [lsn],
  );
  const text = [
    columns([["statements an operation", ""], ...statements.map(({ name, each }) => [name, each.toFixed(3)])]),
    columns([
      ["written an operation to", "records", "bytes of data", "bytes of full pages"],
      ...rows.map(({ relation, ...counts }) => [
        relation,
        ...[counts.records, counts.bytes, counts.full].map((count) => (count / operations).toFixed(2)),
      ]),
    ]),
  ];
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${text.join("\n\n")}\n`);
}
