import { createHash } from "node:crypto";

/** What is kept of a ticket. Plain SHA-256, because 256 random bits cannot be guessed from it. */
export function ticketHash(ticket: string): Buffer {
  return createHash("sha256").update(ticket).digest();
}
