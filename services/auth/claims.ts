/** Whom access tokens are for: the platform's own gateway. */
export const AUDIENCE = "waybill";

/** What an access token says (RFC 9068), beside its issuer and audience. */
export interface Claims {
  readonly jti: string;
  readonly client_id: string;
  readonly tenant: string;
  /** The customer who is logged in; a client's own token has none. */
  readonly customer?: string;
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
  const { jti, client_id, tenant, customer, scope, iat, exp } = payload as Record<string, unknown>;
  if (typeof jti !== "string" || typeof client_id !== "string" || typeof tenant !== "string") return undefined;
  if (typeof scope !== "string" || typeof iat !== "number" || typeof exp !== "number") return undefined;
  if (customer !== undefined && typeof customer !== "string") return undefined;
  return { jti, client_id, tenant, scope, iat, exp, ...(customer !== undefined && { customer }) };
}
