import { type AuditEntry, type AuditRow, FIRST, misfit, rowAfter } from "./audit-entry.ts";

const entry: AuditEntry = {
  id: "01900000-0000-7000-8000-000000000001",
  tenant: "demo",
  client: "demo-operator",
  action: "orders.retryProcess",
  object: "an order",
  params: "{}",
};
const AT = "2026-11-21T10:00:00.000Z";
const first = rowAfter(FIRST, entry, AT);
const second = rowAfter(first, { ...entry, id: "01900000-0000-7000-8000-000000000002" }, AT);

test("rows that follow each other fit", () => {
  expect([misfit(FIRST, first), misfit(first, second)]).toEqual([undefined, undefined]);
  expect([first.sequence, second.sequence]).toEqual([1, 2]);
});

test("a row that was changed does not, whatever was changed", () => {
  const others: AuditRow = {
    ...{ sequence: 2, id: "x", act: "x", tenant: "acme", at: "2026-11-21T10:00:00.001Z", client: "x", customer: "x" },
    ...{ action: "x", object: "x", params: "x", address: "x", requestId: "x", outcome: "x" },
    ...{ previousHash: "0".repeat(64), hash: "0".repeat(64) },
  };
  for (const name of Object.keys(second) as (keyof AuditRow)[]) {
    if (name === "sequence") continue;
    expect([name, misfit(first, { ...second, [name]: others[name] })]).toEqual([name, expect.any(String)]);
  }
});

test("a row that was taken out shows by the next", () => {
  expect(misfit(FIRST, second)).toBe("the rows from 1 to 1 are missing");
});

test("a row that was made anew shows by the next", () => {
  const forged = rowAfter(FIRST, { ...entry, client: "somebody" }, AT);
  expect(misfit(FIRST, forged)).toBeUndefined();
  expect(misfit(forged, second)).toBe("it is not bound to the row before it");
});

test("no member can be taken for another", () => {
  const one = rowAfter(FIRST, { ...entry, action: "ab", object: "c" }, AT);
  const other = rowAfter(FIRST, { ...entry, action: "a", object: "bc" }, AT);
  expect(one.hash).not.toBe(other.hash);
});
