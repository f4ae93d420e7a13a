import { openSigningKey, type SigningKey, type StoredKey } from "./signing-key.ts";

/** The keys that tokens are signed with, and their public halves by which they are verified. */
export class KeyRing {
  readonly #load: () => Promise<readonly StoredKey[]>;
  #keys = new Map<string, SigningKey>();
  #signing: SigningKey | undefined;

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
}
