import jwt from "jsonwebtoken";
import { ALGORITHM, TYPE } from "../../../platform/identity/access-token.ts";
import { AUDIENCE, type Claims } from "../../../platform/identity/claims.ts";
import type { SigningKey } from "./signing-key.ts";

/** Signs an access token. */
export function signAccessToken(claims: Claims, issuer: string, key: SigningKey): string {
  const payload = { ...claims, iss: issuer, aud: AUDIENCE, sub: claims.customer ?? claims.client_id };
  return jwt.sign(payload, key.privateKey, {
    algorithm: ALGORITHM,
    header: { alg: ALGORITHM, typ: TYPE, kid: key.kid },
  });
}
