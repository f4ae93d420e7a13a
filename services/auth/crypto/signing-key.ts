import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** A key pair as it is stored, in PEM. */
export interface StoredKey {
  readonly kid: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

/** A key pair to sign and verify with, and its public half as the world sees it. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Readonly<Record<string, string>>;
}

/** A new pair for ES256. */
export async function generateSigningKey(kid: string): Promise<StoredKey> {
  const pair = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  return {
    kid,
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** A stored pair, ready for use. */
export function openSigningKey({ kid, privateKey, publicKey }: StoredKey): SigningKey {
  const open = createPublicKey(publicKey);
  const jwk = { ...(open.export({ format: "jwk" }) as Record<string, string>), kid, use: "sig", alg: "ES256" };
  return { kid, privateKey: createPrivateKey(privateKey), publicKey: open, jwk };
}
