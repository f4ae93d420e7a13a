import { Problem } from "../../../platform/errors.ts";
import type { Ctx } from "../../../platform/service.ts";
import { invalidClient } from "../contract.ts";
import { verifySecret } from "../crypto/secret.ts";
import type { AuthService, ClientRow } from "./auth-service.ts";
import { GUESSES } from "./guess-limit.ts";

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
    [client] = await service.adapter.rows<ClientRow>({ where: { id }, limit: 1 });
    const hash = client?.active ? client.secretHash : undefined;
    return service.hashing.run(() => verifySecret(secret, hash));
  };
  const now = () => Date.parse(service.clock.now());
  try {
    if (await service.guesses.attempt(`${ctx.meta.address ?? ""} ${id}`, now, check)) return client as ClientRow;
  } catch (error) {
    if (error instanceof Problem && error.status === 429) {
      ctx.meta.$responseHeaders = {
        "RateLimit-Limit": String(GUESSES),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": String(error.details.retryAfter),
      };
    }
    throw error;
  }
  throw invalidClient();
}
