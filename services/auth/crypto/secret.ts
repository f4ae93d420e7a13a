import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** 16 MB and some 40 ms of one core. Clients' secrets are random words of a machine; customers' passwords need more. */
const COST = { N: 16_384, r: 8, p: 1 };
const LENGTH = 32;

/** A secret as it is stored: `scrypt$N$r$p$salt$hash`. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(secret, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** What nothing matches: the hash of a client that does not exist. */
const NOBODY = [
  "scrypt",
  COST.N,
  COST.r,
  COST.p,
  randomBytes(16).toString("base64url"),
  randomBytes(LENGTH).toString("base64url"),
].join("$");

/**
 * Whether a secret is the one that was hashed. Without a hash, for a client that is not there, it does the same work
 * and answers no: how long it takes says nothing of who exists.
 */
export async function verifySecret(secret: string, stored: string | undefined): Promise<boolean> {
  const [kind, N, r, p, salt, hash] = (stored ?? NOBODY).split("$");
  if (kind !== "scrypt" || salt === undefined || hash === undefined) throw new Error("a stored secret cannot be read");
  const expected = Buffer.from(hash, "base64url");
  const found = await derive(secret, Buffer.from(salt, "base64url"), { N: Number(N), r: Number(r), p: Number(p) });
  return timingSafeEqual(found, expected) && stored !== undefined;
}

/** On libuv's threads, off the loop. */
function derive(secret: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => (error ? reject(error) : resolve(key));
    scrypt(secret.normalize("NFC"), salt, LENGTH, { ...cost, maxmem: 64 * 1024 * 1024 }, done);
  });
}
