import { randomBytes } from "node:crypto";

/** A key that personal data and secrets are sealed by where they are kept. */
export interface EncryptionKey {
  /** What sealed values name it by. */
  readonly id: string;
  /** 32 random bytes in base64. */
  readonly secret: string;
}

/** The keys of a domain: the first seals, all of them open. */
export type EncryptionKeys = readonly EncryptionKey[];

export const KEY_BYTES = 32;
/** A random key has some 30 different bytes; one with so few was thought up. */
const LEAST_DIFFERENT = 16;
const FORM = /^([\w-]{1,16}):([A-Za-z0-9+/_-]{43}=?)$/;

/** A new key, as the setting has it. */
export function newEncryptionKey(): string {
  for (;;) {
    const key = `k${randomBytes(4).toString("hex")}:${randomBytes(KEY_BYTES).toString("base64")}`;
    if (typeof readEncryptionKeys(key) !== "string") return key;
  }
}

/** Keys as the setting has them. */
export function writeEncryptionKeys(keys: EncryptionKeys): string {
  return keys.map(({ id, secret }) => `${id}:${secret}`).join(",");
}

/**
 * Reads `id:key,id:key`. Answers what is wrong with it instead, in words that hold nothing of a key.
 */
export function readEncryptionKeys(text: string): EncryptionKeys | string {
  const keys: EncryptionKey[] = [];
  for (const one of text.split(",")) {
    const [, id, secret] = FORM.exec(one.trim()) ?? [];
    if (id === undefined || secret === undefined)
      return "must be id:key, with commas between several: an id of at most 16 letters, digits, - and _, and 32 bytes in base64";
    if (keys.some((key) => key.id === id)) return `names the key ${id} more than once`;
    const bytes = Buffer.from(secret, "base64");
    if (bytes.length !== KEY_BYTES || new Set(bytes).size < LEAST_DIFFERENT)
      return `must have 32 random bytes for the key ${id}`;
    keys.push({ id, secret });
  }
  return keys;
}
