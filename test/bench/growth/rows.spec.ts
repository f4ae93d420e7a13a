import { partitionOf } from "../../../platform/ids.ts";
import { RowMaker } from "./rows.ts";
import type { Sample, SampleTable } from "./sample.ts";

const ORDER = "01930000-0000-7000-8000-000000000001";
const EVENT = "01930000-0000-7000-8000-000000000002";
const column = (name: string, type = "text", identity = false) => ({ name, type, identity });

const log: SampleTable = {
  schema: "orders",
  name: "event_log",
  columns: [
    column("position", "bigint", true),
    column("id", "uuid"),
    column("stream", "uuid"),
    column("partition", "smallint"),
    column("data", "json"),
    column("at", "timestamp with time zone"),
    column("until", "timestamp with time zone"),
  ],
  rows: [
    ["7", EVENT, ORDER, String(partitionOf(ORDER)), '{"number":"N-1"}', "2026-01-01 00:00:01+00", null],
    ["8", EVENT, ORDER, String(partitionOf(ORDER)), "it's", "2020-01-01 00:00:01+00", null],
  ],
};
const sample: Sample = {
  placedAt: new Date("2026-01-01T00:00:00Z"),
  ...{ number: "N-1", key: "key", customer: "customer" },
  products: [],
  tables: [log],
};
const sql = (table: SampleTable) => new RowMaker(sample).insert(table, new Map([["orders.event_log.position", 8]]));

describe("the rows of other orders", () => {
  it("have ids, numbers and times of their own, the same in every row, and all else of the sample", () => {
    const rows = sql(log).replace(/^.*values /s, "");
    const order = /\(c\.time \|\| '-7\d{3}' \|\| c\.rest\)(?=\)::uuid, \(crc32)/.exec(rows)?.[0] as string;
    expect(rows.split(`(${order})::uuid`)).toHaveLength(3);
    expect(rows).toContain("8 + (c.i - 1) * 2 + 1,");
    expect(rows).toContain("8 + (c.i - 1) * 2 + 2,");
    expect(rows).toContain(`('{"number":"' || c.number || '"}')::json`);
    expect(rows).toContain("('2026-01-01 00:00:01+00'::timestamp with time zone + c.shift), null::timestamp");
    // Not a time of the order: it stays.
    expect(rows).toContain("('2020-01-01 00:00:01+00')::timestamp with time zone");
    expect(rows).toContain("('it''s')::json");
  });

  it("are numbered in one run an order", () => {
    const bases = new Map([
      ["orders.event_log.position", 8],
      ["orders.event_log.sequence", 2],
    ]);
    const numbering = new RowMaker(sample).number(log, bases);
    expect(numbering).toMatch(/select 2 \+ \(c\.i - 1\) \* 2 \+ 1, \(crc32\(.* % \d+\)::smallint, array\[/);
    expect(numbering).toContain("array[8 + (c.i - 1) * 2 + 1, 8 + (c.i - 1) * 2 + 2]");
  });

  it("are not made when the partition no longer follows from the stream", () => {
    const [first = [], ...others] = log.rows;
    const moved = { ...log, rows: [first.with(3, String(partitionOf(ORDER) + 1)), ...others] };
    expect(() => sql(moved)).toThrow("the partition no longer follows");
  });
});
