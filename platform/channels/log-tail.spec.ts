import type { AnySequencedEvent, PartitionPosition } from "../event-log.ts";
import { PARTITIONS } from "../ids.ts";
import { LogTail, type ReadLog } from "./log-tail.ts";

const logger = { debug() {}, info() {}, warn() {}, error() {} };
let tail: LogTail;

/** A log of so many events, each with so much data, and what was asked of it below its head. */
function tailOf(events: number, dataLength: number) {
  const asked: (number | readonly PartitionPosition[])[] = [];
  const log = Array.from({ length: events }, (_, i) => {
    const sequence = i + 1;
    return { sequence, partition: sequence % PARTITIONS, data: { text: "x".repeat(dataLength) } };
  });
  const from = (after: number | readonly PartitionPosition[]) =>
    typeof after === "number"
      ? log.slice(after)
      : log.filter((event) => after.some((one) => one.partition === event.partition && one.sequence < event.sequence));
  let head = 0;
  tail = new LogTail(
    {
      read: (async (after, limit) => {
        // What is read for the tail itself begins where the reading before has ended.
        if (after !== head) asked.push(after);
        else head = Math.min(events, after + limit);
        return from(after).slice(0, limit) as unknown as AnySequencedEvent[];
      }) satisfies ReadLog,
      head: async () => 0,
    },
    logger,
    1_000,
  );
  tail.start();
  return asked;
}

async function read(events: number): Promise<void> {
  while (tail.head < events) await tail.grown(tail.head, 100);
}

afterEach(() => tail.stop());

test("the newest thousand events are served from memory, and what is before two thousand from the log", async () => {
  const asked = tailOf(10_000, 10);
  await read(10_000);
  expect((await tail.after(9_000, 5)).map(({ sequence }) => sequence)).toEqual([9_001, 9_002, 9_003, 9_004, 9_005]);
  const [first] = await tail.after(9_000, 1, 3);
  expect(first).toMatchObject({ partition: 3, sequence: 9_003 });
  expect(asked).toEqual([]);
  expect((await tail.after(7_999, 1)).map(({ sequence }) => sequence)).toEqual([8_000]);
  expect(asked).toEqual([7_999]);
});

test("of large events fewer are kept, 4 MB at most", async () => {
  const asked = tailOf(1_000, 100_000);
  await read(1_000);
  await tail.after(990, 1);
  expect(asked).toEqual([]);
  await tail.after(957, 1);
  expect(asked).toEqual([957]);
});

test("an event that is larger than all that may be kept is not kept, and read all the same", async () => {
  const asked = tailOf(1, 5_000_000);
  await read(1);
  expect(await tail.after(0, 1)).toHaveLength(1);
  expect(asked).toEqual([0]);
});

test("partitions that are behind are read from the log at one go, those that are not from memory", async () => {
  const asked = tailOf(10_000, 10);
  await read(10_000);
  const behind = [
    { partition: 1, sequence: 993 },
    { partition: 2, sequence: 9_018 - 8_000 },
  ];
  const next = async (positions: PartitionPosition[], limit: number) =>
    (await tail.next(positions, limit)).map(({ sequence }) => sequence);
  expect(await next([...behind, { partition: 3, sequence: 9_003 }], 6)).toEqual([
    1_001, 1_009, 1_017, 1_025, 1_026, 1_033,
  ]);
  expect(asked).toEqual([behind]);
  expect(
    await next(
      [
        { partition: 3, sequence: 9_003 },
        { partition: 4, sequence: 9_988 },
      ],
      200,
    ),
  ).toEqual([...Array.from({ length: 124 }, (_, i) => 9_011 + 8 * i), 9_996].sort((a, b) => a - b));
  expect(asked).toHaveLength(1);
});
