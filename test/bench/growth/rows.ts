import pg from "pg";
import { PARTITIONS, partitionOf } from "../../../platform/ids.ts";
import { SEALED } from "./personal-data.ts";
import type { Sample, SampleTable } from "./sample.ts";

/**
 * How rows of other orders are made of a sample's. A column's value is the sample's text in which everything that is the
 * order's own stands for the same of another order; `c` is that order, a row of the table that `orders.ts` makes.
 */
export class RowMaker {
  /** SQL for what is an order's own, by the sample's text of it. */
  readonly #own: ReadonlyMap<string, string>;
  readonly #pattern: RegExp;
  /** Times before that are no times of the order. */
  readonly #firstTime: number;

  constructor(sample: Sample) {
    this.#own = ownOf(sample);
    this.#pattern = new RegExp(`(${[...this.#own.keys()].map(RegExp.escape).join("|")})`);
    this.#firstTime = sample.placedAt.getTime() - 86_400_000;
  }

  /** SQL for what stands for one of the sample's ids in another order. */
  sqlOf(id: string): string {
    const sql = this.#own.get(id);
    if (sql === undefined) throw new Error(`${id} is none of the sample's ids`);
    return sql;
  }

  /**
   * The statement that makes the rows of a table for all orders of the table `c`.
   *
   * @param bases the numbers that the databases' own columns go on from, as `schema.table.column`
   */
  insert(table: SampleTable, bases: ReadonlyMap<string, number>): string {
    const rows = table.rows.map((values, nth) => {
      const cells = table.columns.map((column, at) => {
        const special = this.#special(table, column.name, nth, bases);
        return special ?? this.#cell(values[at] ?? null, column.type);
      });
      return `(${cells.join(", ")})`;
    });
    const columns = table.columns.map(({ name }) => `"${name}"`).join(", ");
    return `insert into ${table.schema}.${table.name} (${columns}) overriding system value
      select r.* from growth_orders c cross join lateral (values ${rows.join(", ")}) r order by c.i`;
  }

  /** The statement that numbers the events of a log: those of one order are one run. */
  number(log: SampleTable, bases: ReadonlyMap<string, number>): string {
    const count = log.rows.length;
    const before = (column: string) => `${bases.get(`${log.schema}.event_log.${column}`)} + (c.i - 1) * ${count}`;
    const positions = Array.from({ length: count }, (_, nth) => `${before("position")} + ${nth + 1}`);
    return `insert into ${log.schema}.event_log_runs (first, partition, positions)
      select ${before("sequence")} + 1, ${this.#partition(log, 0)}, array[${positions.join(", ")}]
      from growth_orders c order by c.i`;
  }

  /** The columns whose values are numbers or follow from others. */
  #special(table: SampleTable, column: string, nth: number, bases: ReadonlyMap<string, number>): string | undefined {
    const base = bases.get(`${table.schema}.${table.name}.${column}`);
    if (base !== undefined) return `${base} + (c.i - 1) * ${table.rows.length} + ${nth + 1}`;
    if (table.schema === SEALED.schema && table.name === SEALED.table && column === SEALED.column) return "c.personal";
    return table.name === "event_log" && column === "partition" ? this.#partition(table, nth) : undefined;
  }

  /** As the platform takes it from the stream; the sample says whether it still does. */
  #partition(log: SampleTable, nth: number): string {
    const value = (column: string) => log.rows[nth]?.[log.columns.findIndex(({ name }) => name === column)] ?? "";
    const stream = value("stream");
    if (partitionOf(stream) !== Number(value("partition")) || !this.#own.has(stream))
      throw new Error(`${log.schema}.event_log: the partition no longer follows from the order's own stream`);
    return `(crc32(convert_to(${this.#own.get(stream)}, 'UTF8')) % ${PARTITIONS})::smallint`;
  }

  #cell(value: string | null, type: string): string {
    if (value === null) return `null::${type}`;
    if (type.startsWith("timestamp") && Date.parse(value) > this.#firstTime)
      return `(${pg.escapeLiteral(value)}::${type} + c.shift)`;
    const parts = value.split(this.#pattern).filter((part) => part !== "");
    const texts = parts.map((part) => this.#own.get(part) ?? pg.escapeLiteral(part));
    return `(${texts.join(" || ") || "''"})::${type}`;
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Whatever has an id in the sample has another one in every other order, but for the products and the customer. */
function ownOf({ tables, number, key, customer, products }: Sample): Map<string, string> {
  const own = new Map([
    [number, "c.number"],
    [key, "c.key"],
    [customer, "c.customer"],
  ]);
  for (const [i, product] of products.entries()) {
    for (const column of ["id", "sku", "name"] as const) own.set(product[column], `c.${column}${i + 1}`);
  }
  const texts = tables.flatMap(({ rows }) => rows.flat());
  for (const [id] of texts.flatMap((text) => [...(text ?? "").matchAll(UUID)])) {
    if (own.has(id)) continue;
    own.set(id, `(c.time || '-7${own.size.toString(16).padStart(3, "0")}' || c.rest)`);
  }
  return own;
}
