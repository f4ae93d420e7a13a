import jwt from "jsonwebtoken";
import { AUDIENCE, type Claims, readClaims } from "../claims.ts";
import type { SigningKey } from "./signing-key.ts";

const ALGORITHM = "ES256";
/** RFC 9068: no other token of the same issuer passes for an access token. */
const TYPE = "at+jwt";

/** Signs an access token. */
export function signAccessToken(claims: Claims, issuer: string, key: SigningKey): string {
  const payload = { ...claims, iss: issuer, aud: AUDIENCE, sub: claims.customer ?? claims.client_id };
  return jwt.sign(payload, key.privateKey, {
    algorithm: ALGORITHM,
    header: { alg: ALGORITHM, typ: TYPE, kid: key.kid },
  });
}

/**
 * The claims of an access token; undefined when it is not one of ours that is valid now. The algorithm is fixed, and
 * the key is one of our own by its id: what the header brings along (`jwk`, `jku`, `x5u`, ...) is never looked at.
 *
 * @param now seconds since 1970
 */
export async function verifyAccessToken(
  token: string,
  options: {
    readonly issuer: string;
    readonly now: number;
    readonly find: (kid: string) => Promise<SigningKey | undefined>;
  },
): Promise<Claims | undefined> {
  const kid = keyIdOf(token);
  const key = kid === undefined ? undefined : await options.find(kid);
  if (!key) return undefined;
  try {
    return readClaims(
      jwt.verify(token, key.publicKey, {
        algorithms: [ALGORITHM],
        issuer: options.issuer,
        audience: AUDIENCE,
        clockTimestamp: options.now,
      }),
    );
  } catch {
    return undefined;
  }
}

function keyIdOf(token: string): string | undefined {
  const end = token.indexOf(".");
  if (end <= 0) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end), "base64url").toString("utf8"));
    if (typeof header !== "object" || header === null) return undefined;
    const { alg, typ, kid, crit } = header as Record<string, unknown>;
    // RFC 7515, 4.1.11: an extension that is called critical and not understood makes the token invalid.
    if (alg !== ALGORITHM || typ !== TYPE || crit !== undefined) return undefined;
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}
