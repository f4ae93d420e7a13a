import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";

/** RFC 9106's second choice is 64 MB and 3 passes; OWASP's first for servers, 19 MB and 2, takes some 30 ms of a core. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const TAG_LENGTH = 32;

/** A password as it is stored: `argon2id$memory$passes$parallelism$salt$tag`, the memory in KiB. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return written(COST, salt, await derive(password, salt, COST));
}

/** What nothing matches: the hash of a customer who does not exist. */
const NOBODY = written(COST, randomBytes(16), randomBytes(TAG_LENGTH));

/**
 * Whether a password is the one that was hashed. Without a hash, for a customer who is not there, it does the same work
 * and answers no: how long it takes says nothing of who has an account.
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [kind, memory, passes, parallelism, salt, tag] = (stored ?? NOBODY).split("$");
  if (kind !== "argon2id" || salt === undefined || tag === undefined)
    throw new Error("a stored password cannot be read");
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const found = await derive(password, Buffer.from(salt, "base64url"), cost);
  return timingSafeEqual(found, Buffer.from(tag, "base64url")) && stored !== undefined;
}

function written({ memory, passes, parallelism }: typeof COST, salt: Buffer, tag: Buffer): string {
  return ["argon2id", memory, passes, parallelism, salt.toString("base64url"), tag.toString("base64url")].join("$");
}

/** On libuv's threads, off the loop. */
function derive(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  const parameters: Argon2Parameters = {
    ...cost,
    // As NIST SP 800-63B asks: however it was typed, it is one password.
    message: password.normalize("NFKC"),
    nonce: salt,
    tagLength: TAG_LENGTH,
  };
  return new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}
