import { createHmac, createPrivateKey, createPublicKey, type KeyLike, sign } from "node:crypto";
import type pg from "pg";

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
  const { rows } = await owner.query<{ kid: string; private_key: string; public_key: string }>(
    "select kid, private_key, public_key from auth.signing_keys where retired_at is null order by created_at desc limit 1",
  );
  const row = rows[0] as (typeof rows)[number];
  return {
    kid: row.kid,
    privateKey: createPrivateKey(row.private_key),
    publicKey: createPublicKey(row.public_key),
    publicPem: row.public_key,
  };
}
