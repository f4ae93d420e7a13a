import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { RedisLink } from "../../../platform/redis.ts";

/** As long as a login that nobody uses lasts, in ms. */
const REMEMBERED_MS = 30 * 86_400_000;
/** Some 5 MB where there is no Redis. */
const MOST = 20_000;

/**
 * From which addresses customers have logged in. Whoever guesses an account's password from thousands of addresses
 * has to be slowed down for the account as a whole, and its owner must not be locked out by it: from where they were let
 * in before that limit does not count. What is forgotten, with Redis, costs no more than that.
 */
export class UsualAddresses {
  readonly #redis: RedisLink | undefined;
  readonly #own = new LRUCache<string, true>({ max: MOST, ttl: REMEMBERED_MS });

  constructor(redis?: RedisLink) {
    this.#redis = redis;
  }

  /** Somebody has logged in to an account from an address. */
  async add(account: string, address: string): Promise<void> {
    const name = nameOf(account, address);
    this.#own.set(name, true);
    await this.#redis?.ask((client) => client.set(name, "", "PX", REMEMBERED_MS)).catch(() => undefined);
  }

  /** Whether somebody has, within thirty days. */
  async has(account: string, address: string): Promise<boolean> {
    const name = nameOf(account, address);
    if (this.#own.has(name)) return true;
    return (await this.#redis?.ask((client) => client.exists(name)).catch(() => 0)) === 1;
  }
}

/** Neither an account nor an address is written down. */
function nameOf(account: string, address: string): string {
  return `waybill-logins:${hash("sha256", JSON.stringify([account, address]), "base64url")}`;
}
