import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

/** A public key as a JSON Web Key Set has it (RFC 7517). */
export type PublicKey = Readonly<Record<string, string>>;

/** The keys that access tokens are verified by, each under its own id. */
export class KeySet {
  #keys = new Map<string, KeyObject>();

  find(kid: string): KeyObject | undefined {
    return this.#keys.get(kid);
  }

  /** Whether these are the ids of all keys that are known here. */
  isOf(kids: readonly string[]): boolean {
    return kids.length === this.#keys.size && kids.every((kid) => this.#keys.has(kid));
  }

  /** Takes the keys for all that there are. Answers whether one of those before is gone. */
  replace(keys: readonly PublicKey[]): boolean {
    const before = this.#keys;
    this.#keys = new Map(
      keys
        // A key for another algorithm would be one that our tokens cannot have been signed with.
        .filter(({ kty, crv }) => kty === "EC" && crv === "P-256")
        .map((key) => [key.kid as string, before.get(key.kid as string) ?? opened(key)]),
    );
    return [...before.keys()].some((kid) => !this.#keys.has(kid));
  }
}

function opened(key: PublicKey): KeyObject {
  return createPublicKey({ key: key as JsonWebKey, format: "jwk" });
}
