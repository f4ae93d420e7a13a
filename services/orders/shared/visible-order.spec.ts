import type { Ctx, DomainService } from "../../../platform/service.ts";
import { visibleOrder } from "./visible-order.ts";

/** Orders as rows, by id: in a database that answers as `orders.reload` does. */
class FakeDatabase {
  readonly rows = new Map<string, { tenant: string; written: string; sealed: Buffer }>();
  /** What was known of the orders that were asked for, a list a statement. */
  readonly known: (string | null)[][] = [];
  readonly acrossTenants = {
    query: async (_: unknown, [ids, known]: [string[], (string | null)[]]) => {
      this.known.push(known);
      return ids.flatMap<object>((id, i) => {
        const row = this.rows.get(id);
        if (!row) return [];
        if (row.written === known[i]) return [{ known: id, written: row.written, id: null }];
        return [{ ...row, known: id, id, state: {}, placed: { customerId: "ada" }, personal: null, streamVersion: 1 }];
      });
    },
  };
}

let database: FakeDatabase;
const read = (id: string, identity: object = { tenant: "demo" }) =>
  visibleOrder({ database } as unknown as DomainService, { meta: { identity } } as unknown as Ctx, id);
const write = (id: string, written: string, length = 10) =>
  database.rows.set(id, { tenant: "demo", written, sealed: Buffer.alloc(length) });
beforeEach(() => {
  database = new FakeDatabase();
});

test("an order is read once, as long as its row is the same, and asked for each time", async () => {
  write("a", "7");
  const first = await read("a");
  expect(await read("a")).toBe(first);
  write("a", "8");
  const changed = await read("a");
  expect(changed).not.toBe(first);
  expect(await read("a")).toBe(changed);
  expect(database.known).toEqual([[null], ["7"], ["7"], ["8"]]);
});

test("one that is kept is nothing to another tenant or customer", async () => {
  write("a", "7");
  await read("a", { tenant: "demo", customer: "ada" });
  await expect(read("a", { tenant: "acme" })).rejects.toThrow();
  await expect(read("a", { tenant: "demo", customer: "bob" })).rejects.toThrow();
});

test("of large orders few are kept, the newest", async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `large-${i}`);
  for (const id of ids) {
    write(id, "7", 1_000_000);
    await read(id);
  }
  await read("large-19");
  await read("large-0");
  expect(database.known.slice(-2)).toEqual([["7"], [null]]);
});
