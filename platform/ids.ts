import { randomFillSync } from "node:crypto";
import { crc32 } from "node:zlib";

const pool = Buffer.alloc(16 * 256);
let used = pool.length;
let lastMillisecond = 0;
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562, 5.7), in the order of its making within this process: new rows go to the right
 * edge of their index. The 12 bits behind the milliseconds count within one of them (method 1 of section 6.2).
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = 0;
  } else if (++counter > 0xfff) {
    lastMillisecond += 1;
    counter = 0;
  }
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString("hex", used + 8, used + 16);
  used += 16;
  const time = lastMillisecond.toString(16).padStart(12, "0");
  const variant = ((Number.parseInt(random[0] as string, 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
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
