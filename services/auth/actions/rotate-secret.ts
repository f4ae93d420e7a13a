import { after } from "../../../platform/clock.ts";
import { notFound, staleVersion } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findManaged, lockClient, saveClient } from "../clients/client-repository.ts";
import { assertHolds, clientView } from "../clients/managed-client.ts";
import { tenantsOf } from "../clients/whose.ts";
import type { ClientWithSecret } from "../contract.ts";
import { hashSecret, newSecret } from "../crypto/secret.ts";

const OVERLAP_SECONDS = 86_400;

/**
 * Gives a client another secret, shown this once. The one before stays good for a while, so that it can be replaced where
 * it is used; one that was before that is not good any more.
 */
export const rotateSecret: ActionHandler<"auth.rotateSecret", AuthService> = async function (ctx) {
  const identity = ctx.meta.identity as Identity;
  const { id, overlapSeconds = OVERLAP_SECONDS } = ctx.params;
  const found = await findManaged(this.database, tenantsOf(identity), id);
  if (!found) throw notFound();
  const secret = newSecret();
  // Hashing takes longer than a transaction may stand still.
  const secretHash = await this.hashing.run(() => hashSecret(secret, found.secretHash));
  return once<ClientWithSecret>(
    ctx,
    async (tx) => {
      const before = await lockClient(tx, id, tenantsOf(identity));
      if (!before) throw notFound();
      // With its secret the caller would be the client.
      assertHolds(identity, before.scopes);
      // Another operator did the same meanwhile, whose secret would be lost.
      if (before.secretHash !== found.secretHash) throw staleVersion({ version: before.version });
      const now = this.clock.now();
      const overlap =
        overlapSeconds > 0
          ? { previousSecretHash: before.secretHash, previousSecretUntil: after(now, overlapSeconds * 1_000) }
          : { previousSecretHash: null, previousSecretUntil: null };
      const client = { ...before, secretHash, ...overlap, version: before.version + 1, updatedAt: now };
      await saveClient(tx, client);
      return { ...clientView(client, now), secret };
    },
    { keep: ({ secret: _, ...client }) => client, tenant: tenantsOf(identity) },
  );
};
