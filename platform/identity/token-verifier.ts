import type { KeyObject } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { ServiceBroker } from "moleculer";
import { deepFreeze } from "../deep-freeze.ts";
import { unavailable } from "../errors.ts";
import type { Identity } from "../service.ts";
import { keyIdOf, verifyAccessToken } from "./access-token.ts";
import { type Claims, revocationId } from "./claims.ts";
import { KeySet, type PublicKey } from "./key-set.ts";
import { isPlatformName } from "./platform-names.ts";
import { type Revocation, Revocations } from "./revocations.ts";

/** The most tokens that are known by themselves: some 10 MB. */
const MOST_KNOWN = 10_000;
/** How often tokens with keys that are not known here may have the keys read again, in ms. */
const LOOK_FOR_KEYS_MS = 1_000;
/** How long it may be since the revocations were read, in ms, before what matters is refused. */
const STALE_MS = 5_000;
/** How soon it is tried again for those who need to know, in ms: it has just been tried in vain. */
const TRY_AGAIN_MS = 500;
/** How long a token that comes before the keys were read waits for them, in ms. */
const PATIENCE_MS = 2_000;

/** How far the revocations were read: the time of one, as PostgreSQL writes it, and its id. */
export interface RevocationPlace {
  readonly at: string;
  readonly id: string;
}

/** Revocations in the order in which they were made, and the ids of all keys that verify something now. */
export interface RevocationPage {
  readonly revoked: readonly Revocation[];
  /** Where to read on. */
  readonly next: RevocationPlace;
  /** Whether there are more already. */
  readonly more: boolean;
  readonly kids: readonly string[];
}

/** Where keys and revocations are read. */
export interface IdentitySource {
  keys(): Promise<readonly PublicKey[]>;
  /** What was revoked behind a place; from the beginning without one. */
  revocations(after: RevocationPlace | undefined): Promise<RevocationPage>;
}

/**
 * Says of access tokens whose they are, on this node and without asking anybody: by the public keys and the revocations,
 * which it has read and goes on reading. A signature is checked once, and then the token is known until it ends or is
 * revoked.
 */
export class TokenVerifier {
  readonly #issuer: string;
  readonly #known = new LRUCache<string, Identity>({ max: MOST_KNOWN });
  readonly #keys = new KeySet();
  readonly #revocations = new Revocations();
  readonly #ready = Promise.withResolvers<void>();
  #source: IdentitySource | undefined;
  #isReady = false;
  #readAt = Number.NEGATIVE_INFINITY;
  #next: RevocationPlace | undefined;
  #reading: Promise<void> | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** In ms since 1970; tests bring their own. */
  now: () => number = Date.now;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Says where to read, before the first reading. */
  readFrom(source: IdentitySource): void {
    this.#source = source;
  }

  /** Whether keys and revocations were read once: before that no token is believed. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it is known, but for some seconds, which tokens were revoked. */
  get isFresh(): boolean {
    return performance.now() - this.#readAt < STALE_MS;
  }

  /** How many revocations are known. */
  get revocations(): number {
    return this.#revocations.size;
  }

  /**
   * Whose a token is; undefined when it is not valid, or not any more. At once when the token is known. Throws
   * UNAVAILABLE as long as there are no keys to tell it by.
   */
  identify(token: string): Identity | undefined | Promise<Identity | undefined> {
    const known = this.#known.get(token);
    if (known === undefined) return this.#learn(token);
    if (this.#isLive(known)) return known;
    this.#known.delete(token);
    return undefined;
  }

  /** Whose a token is, when it is known here already. Undefined says nothing of it. */
  known(token: string): Identity | undefined {
    const known = this.#known.get(token);
    return known !== undefined && this.#isLive(known) ? known : undefined;
  }

  /** What a valid token says; undefined of every other. */
  async claimsOf(token: string): Promise<Claims | undefined> {
    const kid = keyIdOf(token);
    if (kid === undefined) return undefined;
    await this.#whenReady();
    const key = this.#keys.find(kid) ?? (await this.#lookFor(kid));
    if (!key) return undefined;
    const claims = verifyAccessToken(token, key, { issuer: this.#issuer, now: Math.floor(this.now() / 1_000) });
    if (!claims || this.hasEnded({ tokenId: revocationId(claims), epoch: claims.epoch })) return undefined;
    // Whatever a client may be called: nobody gets to speak as the platform by a token.
    return isPlatformName(claims.client_id) ? undefined : claims;
  }

  /** Whether a token was ended before its time: by itself, with its login, or with all tokens of its client. */
  hasEnded({
    tokenId,
    epoch,
  }: {
    readonly tokenId?: string | undefined;
    readonly epoch?: string | undefined;
  }): boolean {
    return [tokenId, epoch].some((id) => id !== undefined && this.isRevoked(id));
  }

  /** Whether what a token is ended by was revoked. */
  isRevoked(tokenId: string): boolean {
    return this.#revocations.has(tokenId);
  }

  /** Takes note of what was revoked just now. */
  revoke(revocation: Revocation): void {
    this.#revocations.add(revocation);
  }

  /** Has somebody told of what is revoked from now on. */
  onRevoked(listener: (tokenId: string) => void): void {
    this.#revocations.listen(listener);
  }

  /**
   * Whether it is known which tokens were revoked, if need be after asking: a node that had no time for its readings need
   * not refuse what it could know.
   */
  async freshened(): Promise<boolean> {
    if (!this.isFresh && (this.#reading || performance.now() - this.#triedAt >= TRY_AGAIN_MS)) {
      await this.read().catch(() => {});
    }
    return this.isFresh;
  }

  /** Reads what was revoked since the last time, and the keys when they are others now; once for all who ask meanwhile. */
  read(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
      this.#triedAt = performance.now();
    });
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    const source = this.#source as IdentitySource;
    const began = performance.now();
    for (;;) {
      const { revoked, next, more, kids } = await source.revocations(this.#next);
      for (const revocation of revoked) this.#revocations.add(revocation);
      this.#next = next;
      if (more) continue;
      if (!this.#isReady || !this.#keys.isOf(kids)) await this.#readKeys();
      break;
    }
    this.#readAt = began;
    this.#isReady = true;
    this.#ready.resolve();
    this.#revocations.forget(Math.floor(this.now() / 1_000));
  }

  async #learn(token: string): Promise<Identity | undefined> {
    const claims = await this.claimsOf(token);
    if (!claims) return undefined;
    const { tenant, client_id: client, customer, scope, exp, epoch } = claims;
    // Given to every request with this token, so nobody may change it.
    const identity: Identity = deepFreeze({
      tenant,
      client,
      ...(customer !== undefined && { customer }),
      scopes: [...new Set(scope.split(" ").filter((one) => one !== ""))],
      expires: exp,
      tokenId: revocationId(claims),
      ...(epoch !== undefined && { epoch }),
    });
    this.#known.set(token, identity);
    return identity;
  }

  #isLive(identity: Identity): boolean {
    return (identity.expires as number) * 1_000 > this.now() && !this.hasEnded(identity);
  }

  async #whenReady(): Promise<void> {
    if (this.#isReady) return;
    await Promise.race([this.#ready.promise, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (!this.#isReady) throw unavailable({ detail: "Access tokens cannot be checked.", retryAfter: 1 });
  }

  /** A key that was made since the last reading, though not for every forged name of one. */
  async #lookFor(kid: string): Promise<KeyObject | undefined> {
    if (!this.#looking && performance.now() - this.#lookedAt < LOOK_FOR_KEYS_MS) return undefined;
    if (!this.#looking) {
      this.#lookedAt = performance.now();
      this.#looking = this.#readKeys().finally(() => {
        this.#looking = undefined;
      });
    }
    await this.#looking.catch(() => {
      // It may well be one of ours.
      throw unavailable({ detail: "Access tokens cannot be checked.", retryAfter: 1 });
    });
    return this.#keys.find(kid);
  }

  async #readKeys(): Promise<void> {
    const isOneGone = this.#keys.replace(await (this.#source as IdentitySource).keys());
    // What it has signed is not valid any more.
    if (isOneGone) this.#known.clear();
  }
}

/** The verifier of a node. */
export function verifierOf(broker: ServiceBroker): TokenVerifier {
  return (broker.options as { verifier: TokenVerifier }).verifier;
}
