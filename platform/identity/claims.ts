/** Whom access tokens are for: the platform's own gateway. */
export const AUDIENCE = "waybill";

/** What an access token says (RFC 9068), beside its issuer and audience. */
export interface Claims {
  readonly jti: string;
  readonly client_id: string;
  readonly tenant: string;
  /** The customer who is logged in; a client's own token has none. */
  readonly customer?: string;
  /** The login that the token follows from, by which it is ended; a client's own token has none. */
  readonly sid?: string;
  /** What all tokens of the client are ended by together; those that were signed before there was such a thing have none. */
  readonly epoch?: string;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
}

/**
 * The claims of a verified token's payload; undefined when one is missing or of the wrong type. A token without an
 * end is none of ours, whatever its signature says.
 */
export function readClaims(payload: unknown): Claims | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { jti, client_id, tenant, customer, sid, epoch, scope, iat, exp } = payload as Record<string, unknown>;
  if (typeof jti !== "string" || typeof client_id !== "string" || typeof tenant !== "string") return undefined;
  if (typeof scope !== "string" || typeof iat !== "number" || typeof exp !== "number") return undefined;
  if (customer !== undefined && typeof customer !== "string") return undefined;
  if (sid !== undefined && typeof sid !== "string") return undefined;
  if (epoch !== undefined && typeof epoch !== "string") return undefined;
  const optional = {
    ...(customer !== undefined && { customer }),
    ...(sid !== undefined && { sid }),
    ...(epoch !== undefined && { epoch }),
  };
  return { jti, client_id, tenant, scope, iat, exp, ...optional };
}

/** What a token is ended by before its time: all tokens of one login by one id. */
export function revocationId({ jti, sid }: Claims): string {
  return sid ?? jti;
}
