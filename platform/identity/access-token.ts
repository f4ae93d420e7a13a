import type { KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { AUDIENCE, type Claims, readClaims } from "./claims.ts";

/** What access tokens are signed with, and nothing else is taken. */
export const ALGORITHM = "ES256";
/** RFC 9068: no other token of the same issuer passes for an access token. */
export const TYPE = "at+jwt";
/** The longest token that is looked at, in characters. Ours have some 600. */
const MOST = 8_192;
/** The longest name of a key that is looked for. */
const LONGEST_KEY_ID = 64;

/**
 * The id of the key that a token says it is signed with; undefined when it is no access token of ours, whatever its
 * signature may be. What else the header brings along (`jwk`, `jku`, `x5u`, ...) is never looked at.
 */
export function keyIdOf(token: string): string | undefined {
  const end = token.indexOf(".");
  if (end <= 0 || token.length > MOST) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end), "base64url").toString("utf8"));
    if (typeof header !== "object" || header === null) return undefined;
    const { alg, typ, kid, crit } = header as Record<string, unknown>;
    // RFC 7515, 4.1.11: an extension that is called critical and not understood makes the token invalid.
    if (alg !== ALGORITHM || typ !== TYPE || crit !== undefined) return undefined;
    return typeof kid === "string" && kid.length <= LONGEST_KEY_ID ? kid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The claims of an access token; undefined when it was not signed with the key, or is not valid now. The algorithm is
 * fixed, whatever the header says.
 *
 * @param now seconds since 1970
 */
export function verifyAccessToken(
  token: string,
  key: KeyObject,
  { issuer, now }: { readonly issuer: string; readonly now: number },
): Claims | undefined {
  try {
    return readClaims(
      jwt.verify(token, key, { algorithms: [ALGORITHM], issuer, audience: AUDIENCE, clockTimestamp: now }),
    );
  } catch {
    return undefined;
  }
}
