import { createHmac, hash, randomBytes } from "node:crypto";
import { isUuid } from "../../../platform/ids.ts";

/** A refresh token, read: whose it is, and what proves it. */
export interface RefreshToken {
  readonly family: string;
  readonly secret: Buffer;
}

const SECRET_LENGTH = 32;
const FAMILY_LENGTH = 16;

/** The first token of a family. */
export function firstToken(family: string): RefreshToken {
  return { family, secret: randomBytes(SECRET_LENGTH) };
}

/**
 * The token after another one. It follows from both the token and a nonce that is drawn anew each time: whoever has only
 * one of them, an old token or the database, cannot make it, and a second request with the same token gets the same.
 */
export function tokenAfter({ family, secret }: RefreshToken, nonce: Buffer): RefreshToken {
  return { family, secret: createHmac("sha256", secret).update(nonce).digest() };
}

/** What of a token is stored. */
export function hashOf({ secret }: RefreshToken): Buffer {
  return hash("sha256", secret, "buffer");
}

export function newNonce(): Buffer {
  return randomBytes(SECRET_LENGTH);
}

/** A token as clients see it. */
export function writeRefreshToken({ family, secret }: RefreshToken): string {
  return Buffer.concat([Buffer.from(family.replaceAll("-", ""), "hex"), secret]).toString("base64url");
}

/** A token that a client shows; undefined when it is none of ours. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length !== FAMILY_LENGTH + SECRET_LENGTH || bytes.toString("base64url") !== text) return undefined;
  const hex = bytes.toString("hex", 0, FAMILY_LENGTH);
  const family = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  return isUuid(family) ? { family, secret: bytes.subarray(FAMILY_LENGTH) } : undefined;
}
