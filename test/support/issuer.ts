import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import type { PublicKey } from "../../platform/identity/key-set.ts";
import type { Revocation } from "../../platform/identity/revocations.ts";
import type { RevocationPage } from "../../platform/identity/token-verifier.ts";
import { newId } from "../../platform/ids.ts";
import type { Identity } from "../../platform/service.ts";
import { signES256 } from "./tokens.ts";

/** What is left out is the client's own, of the tenant `demo`, for an hour. */
export type Grant = Partial<Identity> & { readonly claims?: Readonly<Record<string, unknown>> };

/** Stands in for `auth`: makes access tokens with a key of its own, and tells nodes how to verify them. */
export class TestIssuer {
  readonly issuer: string;
  readonly revoked: Revocation[] = [];
  readonly #keys = new Map<string, KeyPairKeyObjectResult>();
  #signing = "";

  constructor(issuer: string) {
    this.issuer = issuer;
    this.rotate();
  }

  /** Signs with a new key from now on. Answers its id. */
  rotate(): string {
    this.#signing = newId();
    this.#keys.set(this.#signing, generateKeyPairSync("ec", { namedCurve: "P-256" }));
    return this.#signing;
  }

  /** Takes a key out of use. */
  drop(kid: string): void {
    this.#keys.delete(kid);
  }

  get kid(): string {
    return this.#signing;
  }

  get keys(): PublicKey[] {
    return [...this.#keys].map(([kid, { publicKey }]) => ({
      ...(publicKey.export({ format: "jwk" }) as PublicKey),
      ...{ kid, use: "sig", alg: "ES256" },
    }));
  }

  get page(): RevocationPage {
    const next = { at: "now", id: newId() };
    return { revoked: [...this.revoked], next, more: false, kids: [...this.#keys.keys()] };
  }

  /** The actions that a service `auth` needs for it. */
  get actions(): { jwks: () => object; revocations: () => object } {
    return { jwks: () => ({ keys: this.keys }), revocations: () => this.page };
  }

  /** A token, which `claims` may make a wrong one. */
  sign({ tenant = "demo", client = "shop", customer, scopes = [], expires, tokenId, claims = {} }: Grant = {}): string {
    const now = Math.floor(Date.now() / 1_000);
    const said = {
      ...{ iss: this.issuer, aud: "waybill", sub: customer ?? client, iat: now, exp: expires ?? now + 3_600 },
      ...{ jti: tokenId ?? newId(), client_id: client, tenant, scope: scopes.join(" ") },
      ...(customer !== undefined && { customer }),
      ...claims,
    };
    const { privateKey } = this.#keys.get(this.#signing) as KeyPairKeyObjectResult;
    return signES256({ alg: "ES256", typ: "at+jwt", kid: this.#signing }, said, privateKey);
  }
}
