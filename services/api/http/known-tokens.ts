import { LRUCache } from "lru-cache";
import { deepFreeze } from "../../../platform/deep-freeze.ts";
import type { Identity } from "../../../platform/service.ts";

/** How long a token is believed without asking again: the longest that one is whose end this node was not told of. */
const BELIEVED_MS = 1_000;
/** The most tokens that are kept: some 10 MB. */
const MOST = 10_000;

interface Known {
  readonly identity: Identity;
  /** In ms since 1970. */
  readonly until: number;
}

/**
 * Whose tokens this gateway has asked about a moment ago. Asking is a call for every request, in a cluster over the bus,
 * and a busy shop sends one token a thousand times a second.
 */
export class KnownTokens {
  readonly #known = new LRUCache<string, Known>({ max: MOST });
  #forgotten = 0;

  /** Who a token is, as far as that is known now. */
  find(token: string): Identity | undefined {
    const known = this.#known.get(token);
    return known !== undefined && Date.now() < known.until ? known.identity : undefined;
  }

  /** Asks who a token is, and knows it for a moment. */
  async learn(token: string, ask: () => Promise<Identity>): Promise<Identity> {
    const forgotten = this.#forgotten;
    const identity = await ask();
    // It may have been this one that was revoked while the answer was on its way.
    if (forgotten === this.#forgotten) this.#keep(token, identity);
    return identity;
  }

  /** A token was revoked. Which one it was is not looked for: to ask again for each costs little, and is rare. */
  forget(): void {
    this.#forgotten++;
    this.#known.clear();
  }

  #keep(token: string, identity: Identity): void {
    const end = (identity.expires ?? Number.POSITIVE_INFINITY) * 1_000;
    this.#known.set(token, { identity: deepFreeze(identity), until: Math.min(Date.now() + BELIEVED_MS, end) });
  }
}
