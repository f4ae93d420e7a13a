import { openSigningKey, type SigningKey, type StoredKey } from "./signing-key.ts";

/** How often tokens with keys that are not known here may make the ring look for new ones, in ms. */
const LOOK_MS = 1_000;

/** The keys that tokens are signed with and verified by. */
export class KeyRing {
  readonly #load: () => Promise<readonly StoredKey[]>;
  #keys = new Map<string, SigningKey>();
  #signing: SigningKey | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param load the stored keys that are in use, the one that signs first */
  constructor(load: () => Promise<readonly StoredKey[]>) {
    this.#load = load;
  }

  async reload(): Promise<void> {
    const stored = await this.#load();
    this.#keys = new Map(stored.map((key) => [key.kid, this.#keys.get(key.kid) ?? openSigningKey(key)]));
    this.#signing = stored[0] && this.#keys.get(stored[0].kid);
  }

  /** The key for new tokens. */
  get signing(): SigningKey {
    if (!this.#signing) throw new Error("there is no signing key");
    return this.#signing;
  }

  /** The public keys, as a JSON Web Key Set has them. */
  get jwks(): Readonly<Record<string, string>>[] {
    return [...this.#keys.values()].map((key) => key.jwk);
  }

  /** A key by its id. Another node may have made it since: then it is looked for, though not for every forged id. */
  async find(kid: string): Promise<SigningKey | undefined> {
    const known = this.#keys.get(kid);
    if (known || performance.now() - this.#lookedAt < LOOK_MS) return known;
    this.#lookedAt = performance.now();
    await this.reload();
    return this.#keys.get(kid);
  }
}
