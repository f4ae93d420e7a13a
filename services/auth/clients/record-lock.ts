import type { Ctx } from "../../../platform/service.ts";
import { idFrom, ownAct } from "../audit/audit-entry.ts";
import type { AuthService } from "./auth-service.ts";
import { findClient } from "./find-client.ts";

/** Nodes that share a count refuse the same subject: within so many ms it is one lock. */
const TOGETHER_MS = 60_000;

/**
 * Puts into the audit log that no more secrets are taken for a while. Of what was guessed it says the client, if there is
 * such a one: addresses of people and made-up names are not for a log that forgets nothing. It fills slowly, as a lock takes
 * twenty secrets that were hashed.
 */
export async function recordLock(service: AuthService, ctx: Ctx, now: number): Promise<void> {
  try {
    const { client_id, clientId } = ctx.params as { client_id?: string; clientId?: string };
    const id = client_id ?? clientId;
    const client = id === undefined ? undefined : await findClient(service, id);
    const { address } = ctx.meta;
    // Nothing that is not in the row: a hash of an email address would be found by trying.
    const what = `${ctx.action?.name} by ${client?.id} from ${address}`;
    await service.record({
      ...ownAct(service, { action: ctx.action?.name as string, outcome: "RATE_LIMITED" }),
      id: idFrom(`lock of ${what} at ${Math.floor(now / TOGETHER_MS)}`),
      ...(client && { tenant: client.tenant, object: client.id }),
      ...(address && { address }),
      ...(ctx.requestID && { requestId: ctx.requestID }),
    });
  } catch (error) {
    service.logger.error({ err: error }, "a lock is not recorded");
  }
}
