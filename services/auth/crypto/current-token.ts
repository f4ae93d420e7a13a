import { configOf } from "../../../platform/config.ts";
import type { DomainService } from "../../../platform/service.ts";
import { type Claims, revocationId } from "../claims.ts";
import { verifyAccessToken } from "./access-token.ts";
import type { KeyRing } from "./key-ring.ts";

interface WithKeys extends DomainService {
  readonly keys: KeyRing;
  readonly revoked: ReadonlyMap<string, number>;
}

/** The claims of an access token that is valid now and was not revoked. */
export async function currentToken(service: WithKeys, token: string): Promise<Claims | undefined> {
  const claims = await verifyAccessToken(token, {
    issuer: configOf(service.broker).issuer,
    now: Math.floor(Date.parse(service.clock.now()) / 1_000),
    find: (kid) => service.keys.find(kid),
  });
  return claims && !service.revoked.has(revocationId(claims)) ? claims : undefined;
}
