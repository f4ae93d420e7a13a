import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import { audienceOf, audiencesOf, piecesOf } from "./audiences.ts";

const event = (sequence: number, stream = "order", customer?: string): AnySequencedEvent =>
  ({ sequence, stream, tenant: "demo", meta: { feed: { number: "N", version: 1, customer } } }) as never;

test("an event is for all of the tenant, of its customer and of its order, and for nobody else", () => {
  const events = [event(1, "one", "ada"), event(2, "other"), event(3, "one", "ada")];
  const sequences = Object.fromEntries(
    [...audiencesOf(events)].map(([audience, shown]) => [audience, shown.map(({ sequence }) => sequence)]),
  );
  expect(sequences).toEqual({
    [audienceOf({ tenant: "demo" })]: [1, 2, 3],
    [audienceOf({ tenant: "demo", customer: "ada" })]: [1, 3],
    [audienceOf({ tenant: "demo", order: "one" })]: [1, 3],
    [audienceOf({ tenant: "demo", customer: "ada", order: "one" })]: [1, 3],
    [audienceOf({ tenant: "demo", order: "other" })]: [2],
  });
});

test("no customer's name makes one audience of two", () => {
  const names = ["", "ada", "ada/", "ada/one", "/", "//one"].flatMap((customer) =>
    ["", "one"].map((order) => audienceOf({ tenant: "demo", customer, order })),
  );
  expect(new Set(names).size).toBe(names.length);
});

test("pieces have every event once and in order, and are no longer than 32 kB unless one event is", () => {
  const lengths = [10, 20_000, 12_000, 768, 1, 40_000, 5, 32_768, 32_768, 3];
  const bytesOf = ({ sequence }: AnySequencedEvent) => Buffer.alloc(lengths[sequence] as number, sequence);
  const pieces = piecesOf(
    lengths.map((_, sequence) => event(sequence)),
    bytesOf,
  );
  expect(pieces.map(({ bytes }) => bytes.length)).toEqual([32_010, 769, 40_000, 5, 32_768, 32_768, 3]);
  expect(pieces.flatMap(({ events }) => events.map(({ sequence }) => sequence))).toEqual([...lengths.keys()]);
  expect(pieces.map(({ first, last }) => [first, last])).toEqual([
    [0, 2],
    [3, 4],
    [5, 5],
    [6, 6],
    [7, 7],
    [8, 8],
    [9, 9],
  ]);
  for (const { events, bytes } of pieces) expect(Buffer.concat(events.map(bytesOf)).equals(bytes)).toBe(true);
  expect(piecesOf([], bytesOf)).toEqual([]);
});
