import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** 16 MB and some 40 ms of one core. Clients' secrets are random words of a machine; customers' passwords need more. */
const COST = { N: 16_384, r: 8, p: 1 };
const LENGTH = 32;

/** A new secret: 32 random bytes. It is shown once, and kept nowhere but as its hash. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * A secret as it is stored: `scrypt$N$r$p$salt$hash`.
 *
 * @param beside the stored secret that stays good beside it, whose salt and cost it takes: a secret that is shown is then
 *   held against both by one derivation, so that how long it takes does not tell of a rotation
 */
export async function hashSecret(secret: string, beside?: string): Promise<string> {
  const prefix = beside ? prefixOf(beside) : ["scrypt", COST.N, COST.r, COST.p, newSalt()].join("$");
  return `${prefix}$${(await derive(secret, prefix)).toString("base64url")}`;
}

/** What nothing matches: the hash of a client that does not exist. */
const NOBODY = ["scrypt", COST.N, COST.r, COST.p, newSalt(), randomBytes(LENGTH).toString("base64url")].join("$");

/**
 * Whether a secret is one of those that were hashed. Without any, for a client that is not there, it does the same work
 * and answers no: how long it takes says nothing of who exists.
 */
export async function verifySecret(secret: string, ...stored: readonly string[]): Promise<boolean> {
  const candidates = stored.length > 0 ? stored : [NOBODY];
  const derived = new Map<string, Buffer>();
  let isRight = false;
  for (const candidate of candidates) {
    const prefix = prefixOf(candidate);
    const found = derived.get(prefix) ?? (await derive(secret, prefix));
    derived.set(prefix, found);
    const matches = timingSafeEqual(found, Buffer.from(candidate.slice(prefix.length + 1), "base64url"));
    isRight ||= matches && stored.length > 0;
  }
  return isRight;
}

function newSalt(): string {
  return randomBytes(16).toString("base64url");
}

/** A stored secret without its hash: what it is derived by. */
function prefixOf(stored: string): string {
  const parts = stored.split("$");
  if (parts.length !== 6 || parts[0] !== "scrypt") throw new Error("a stored secret cannot be read");
  return parts.slice(0, 5).join("$");
}

/** On libuv's threads, off the loop. */
function derive(secret: string, prefix: string): Promise<Buffer> {
  const [, N, r, p, salt = ""] = prefix.split("$");
  const cost: ScryptOptions = { N: Number(N), r: Number(r), p: Number(p), maxmem: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => (error ? reject(error) : resolve(key));
    scrypt(secret.normalize("NFC"), Buffer.from(salt, "base64url"), LENGTH, cost, done);
  });
}
