import { type Database, statement } from "../database.ts";
import type { SealedPlace, Sealing } from "./sealing.ts";

/** A table that has something sealed in it. */
export interface SealedTable {
  readonly table: string;
  /** The column that holds what is sealed, and the name that it is sealed under. */
  readonly column: string;
  readonly sealedAs: string;
  /** The primary key, each column with its type. */
  readonly key: readonly (readonly [column: string, type: string])[];
  /** What the rows' tenant is, in SQL. */
  readonly tenant: string;
  /** The id that a row is sealed under, of its primary key. */
  readonly idOf: (key: readonly string[]) => string;
  /** Another column whose value depends on the key and on what is sealed. */
  readonly index?: { readonly column: string; readonly of: (sealing: Sealing, tenant: string, text: string) => Buffer };
}

/** What was done with a table. */
export interface Resealed {
  readonly table: string;
  /** Rows that were sealed by another key and are by the first now. */
  readonly changed: number;
}

const SET = 100;

interface Row {
  readonly key: string[];
  readonly tenant: string;
  readonly sealed: Buffer;
}

/**
 * Seals anew by the first key what was sealed by another one, in sets, while the rows are read and written. It may be
 * broken off and started again at any time, and run twice at once: what is done is passed over.
 */
export async function reseal(database: Database, sealing: Sealing, table: SealedTable): Promise<Resealed> {
  const column = sealing.column(table.sealedAs);
  const { find, save } = statementsOf(table, column.prefix.length);
  let after: readonly string[] | undefined;
  let changed = 0;
  for (;;) {
    const rows = await database.acrossTenants.query<Row>(after ? find.next : find.first, [
      column.prefix,
      SET,
      ...(after ?? []),
    ]);
    for (const { key, tenant, sealed } of rows) {
      const place: SealedPlace = { tenant, id: table.idOf(key) };
      const text = column.open(place, sealed);
      const index = table.index ? [table.index.of(sealing, tenant, text)] : [];
      // Nothing is locked between reading and this: whoever has written the row meanwhile has sealed it.
      const saved = await database.acrossTenants.query(save, [...key, sealed, column.seal(place, text), ...index]);
      changed += saved.length;
    }
    after = rows.at(-1)?.key;
    if (rows.length < SET) return { table: table.table, changed };
  }
}

function statementsOf(described: SealedTable, prefixLength: number) {
  const { table, column, key, tenant, index } = described;
  const names = key.map(([name]) => name).join(", ");
  const parameters = (from: number) => key.map(([, type], i) => `$${from + i}::${type}`).join(", ");
  const select = (condition: string) =>
    `select array[${key.map(([name]) => `${name}::text`).join(", ")}] as key, ${tenant} as tenant, ${column} as sealed from ${table}
     where ${column} is not null and substring(${column} from 1 for ${prefixLength}) <> $1 ${condition}
     order by ${names} limit $2`;
  const width = key.length;
  const set = `${column} = $${width + 2}${index ? `, ${index.column} = $${width + 3}` : ""}`;
  return {
    find: {
      first: statement(`reseal.${table}.${prefixLength}.first`, select("")),
      next: statement(`reseal.${table}.${prefixLength}.next`, select(`and (${names}) > (${parameters(3)})`)),
    },
    save: statement(
      `reseal.${table}.save`,
      `update ${table} set ${set} where (${names}) = (${parameters(1)}) and ${column} = $${width + 1} returning 1`,
    ),
  };
}
