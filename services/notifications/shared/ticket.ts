import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new ticket: 256 random bits. */
export function newTicket(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a ticket. Plain SHA-256, because 256 random bits cannot be guessed from it. */
export function ticketHash(ticket: string): Buffer {
  return createHash("sha256").update(ticket).digest();
}

/** A token so that only who has the ticket can read it: whoever reads the table has its hash alone. */
export function sealToken(token: string, ticket: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(ticket), nonce);
  const text = Buffer.concat([cipher.update(token, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** The token that was sealed. Throws when it was not with this ticket, or was changed since. */
export function openToken(sealed: Buffer, ticket: string): string {
  const decipher = createDecipheriv(CIPHER, keyOf(ticket), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString("utf8");
}

/** A key that has nothing to do with the hash that is kept (RFC 5869). */
function keyOf(ticket: string): Buffer {
  return Buffer.from(hkdfSync("sha256", ticket, "", "waybill ticket: the token it stands for", 32));
}
