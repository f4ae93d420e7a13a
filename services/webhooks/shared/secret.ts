import { randomBytes } from "node:crypto";

/** A new secret: 32 random bytes in the form of the specification. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
