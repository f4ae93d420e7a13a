import { crc32 } from "node:zlib";
import { cursorExpired } from "../../../platform/errors.ts";

/** The form of the cursors that are given out; another one later can tell them apart. */
const FORM = 1;
const BYTES = 11;

/**
 * The id of an event in a live feed: its sequence in the orders' log, opaque to whoever keeps it. It stays good as
 * long as the log does, over restarts and on every node.
 */
export function encodeFeedCursor(sequence: number): string {
  const bytes = Buffer.alloc(BYTES);
  bytes[0] = FORM;
  bytes.writeUIntBE(sequence, 1, 6);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 7)), 7);
  return bytes.toString("base64url");
}

/** The sequence that an id stands for. Throws CURSOR_EXPIRED for what was never given out. */
export function decodeFeedCursor(cursor: string): number {
  const bytes = Buffer.from(cursor, "base64url");
  if (bytes.length === BYTES && bytes[0] === FORM && bytes.readUInt32BE(7) === crc32(bytes.subarray(0, 7))) {
    const sequence = bytes.readUIntBE(1, 6);
    // Decoding overlooks stray characters; an id that was changed is none of ours.
    if (encodeFeedCursor(sequence) === cursor) return sequence;
  }
  throw cursorExpired({ detail: "The id is not one of this feed." });
}
