import { createHmac, createPrivateKey, createPublicKey, type KeyLike, sign } from "node:crypto";
import type pg from "pg";
import { type EncryptionKeys, readEncryptionKeys } from "../../platform/sealing/encryption-keys.ts";
import { Sealing } from "../../platform/sealing/sealing.ts";
import { PRIVATE_KEYS } from "../../services/auth/crypto/sealed-key.ts";
import { ENCRYPTION_KEYS } from "./keys.ts";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The claims of a token, without looking at its signature. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString("utf8"));
}

/** The header of a token. */
export function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[0] as string, "base64url").toString("utf8"));
}

/** A token signed by ECDSA on P-256 with any key, whatever its header says. */
export function signES256(header: object, claims: object, key: KeyLike): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), { key: key as never, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** A token signed by HMAC with any secret. */
export function signHS256(header: object, claims: object, secret: string | Buffer): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A token that nobody signed. */
export function unsigned(header: object, claims: object): string {
  return `${encode(header)}.${encode(claims)}.`;
}

/** The platform's own key pair, from its table: what nobody outside has. */
export async function ownKey(owner: pg.Client) {
  const { rows } = await owner.query<{ kid: string; private_key_sealed: Buffer; public_key: string }>(
    "select kid, private_key_sealed, public_key from auth.signing_keys where retired_at is null order by created_at desc limit 1",
  );
  const row = rows[0] as (typeof rows)[number];
  return {
    kid: row.kid,
    privateKey: createPrivateKey(opened(row.kid, row.private_key_sealed)),
    publicKey: createPublicKey(row.public_key),
    publicPem: row.public_key,
  };
}

/** A private half of the platform's, as somebody has it who has the database and the keys. */
function opened(kid: string, sealed: Buffer): string {
  const sealing = new Sealing("auth", readEncryptionKeys(ENCRYPTION_KEYS) as EncryptionKeys);
  return sealing.column(PRIVATE_KEYS).open({ tenant: "*", id: kid }, sealed);
}
