import type { Instant } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import { DEMO_SECRET } from "../../../platform/production.ts";
import type { Ctx } from "../../../platform/service.ts";
import { invalidClient } from "../contract.ts";
import { verifySecret } from "../crypto/secret.ts";
import { logLetIn, logRefused, type Shown } from "../sessions/log-logins.ts";
import type { AuthService, ClientRow } from "./auth-service.ts";
import { findClient } from "./find-client.ts";

/**
 * The client that its id and secret name. Throws `invalid_client`, and RATE_LIMITED after too many wrong secrets. A
 * client that is not there, or not active, takes as long as one whose secret is wrong.
 */
export async function authenticateClient(
  service: AuthService,
  ctx: Ctx<{ client_id?: string; client_secret?: string }>,
): Promise<ClientRow> {
  const { client_id: id, client_secret: secret } = ctx.params;
  if (!id || !secret) throw invalidClient({ detail: "The client has to name itself and its secret." });
  let client: ClientRow | undefined;
  const check = async (): Promise<boolean> => {
    client = await findClient(service, id);
    // Whoever has read the README knows it.
    if (configOf(service.broker).production && secret === DEMO_SECRET) return false;
    return service.hashing.run(() => verifySecret(secret, ...secretsOf(client, service.clock.now())));
  };
  const now = () => Date.parse(service.clock.now());
  const isRight = await service.guesses.attemptIn(ctx, `${ctx.meta.address ?? ""} ${id}`, now, check);
  const shown: Shown = { by: "secret", ...(client && { tenant: client.tenant, client: client.id }) };
  if (!isRight) {
    logRefused(service, ctx, shown);
    throw invalidClient();
  }
  logLetIn(service, ctx, shown);
  return client as ClientRow;
}

/** The secrets that are good, as they are stored. */
function secretsOf(client: ClientRow | undefined, now: Instant): string[] {
  if (!client) return [];
  const { secretHash, previousSecretHash: previous, previousSecretUntil: until } = client;
  return previous !== null && until !== null && until.toISOString() > now ? [secretHash, previous] : [secretHash];
}
