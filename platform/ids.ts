import { randomFillSync } from "node:crypto";
import { crc32 } from "node:zlib";

const pool = Buffer.alloc(8 * 512);
let random = "";
let used = 0;
let lastMillisecond = 0;
let counter = 0;
let time = "";

/**
 * A UUID of version 7 (RFC 9562, 5.7), in the order of its making within this process: new rows go to the right
 * edge of their index. The 12 bits behind the milliseconds count within one of them (method 1 of section 6.2).
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMillisecond) tick(now);
  else if (++counter > 0xfff) tick(lastMillisecond + 1);
  if (used === random.length) refill();
  const tail = random.slice(used, used + 16);
  used += 16;
  return `${time}-${(0x7000 | counter).toString(16)}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}

function tick(millisecond: number): void {
  lastMillisecond = millisecond;
  counter = 0;
  time = timeDigits(millisecond);
}

function timeDigits(millisecond: number): string {
  const digits = millisecond.toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}

/** The last time that an id has room for. */
const LAST_MILLISECOND = 2 ** 48 - 1;

/**
 * What no id is below that is made at a time or later: ids are compared as the times of their making are.
 *
 * @param millisecond since 1970; one that ids have no room for is the nearest that they have
 */
export function leastIdAt(millisecond: number): string {
  const within = Math.min(Math.max(0, millisecond), LAST_MILLISECOND);
  return `${timeDigits(within)}-0000-0000-000000000000`;
}

/** The second halves of the next ids, each with the variant in its first two bits. */
function refill(): void {
  randomFillSync(pool);
  for (let i = 0; i < pool.length; i += 8) pool[i] = ((pool[i] as number) & 0x3f) | 0x80;
  random = pool.toString("hex");
  used = 0;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text from outside is a UUID; one that is not names nothing and is answered with a 404. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** How many partitions every channel has. Logs keep the partition of each row, so it never changes. */
export const PARTITIONS = 8;

/** The partition of a stream: all its events share it, so a partition read in order keeps each stream in order. */
export function partitionOf(stream: string): number {
  return crc32(stream) % PARTITIONS;
}
