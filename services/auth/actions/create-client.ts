import { forbidden, validationFailed } from "../../../platform/errors.ts";
import { once } from "../../../platform/idempotency.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { addClient } from "../clients/client-repository.ts";
import { assertHolds, clientView, newClient } from "../clients/managed-client.ts";
import { tenantsOf } from "../clients/whose.ts";
import type { ClientWithSecret } from "../contract.ts";
import { hashSecret, newSecret } from "../crypto/secret.ts";
import { findTenant } from "../tenants/tenant-repository.ts";

/** Adds a client to the caller's tenant, or to another's for the platform's operators. Its secret is shown this once. */
export const createClient: ActionHandler<"auth.createClient", AuthService> = async function (ctx) {
  const identity = ctx.meta.identity as Identity;
  const { name, scopes, grants = ["client_credentials"], tenant = identity.tenant } = ctx.params;
  if (tenant !== identity.tenant && tenantsOf(identity) !== "*")
    throw forbidden({ detail: "The tenant is not yours, and the token lacks platform." });
  assertHolds(identity, scopes);
  if (!(await findTenant(this.database.acrossTenants, tenant)))
    throw validationFailed({ errors: [{ path: "/tenant", message: "must be a tenant" }] });
  const secret = newSecret();
  // Hashing takes longer than a transaction may stand still.
  const secretHash = await this.hashing.run(() => hashSecret(secret));
  return once<ClientWithSecret>(
    ctx,
    async (tx) => {
      const now = this.clock.now();
      const client = newClient({ tenant, name, scopes, grants }, secretHash, now);
      await addClient(tx, client);
      return { ...clientView(client, now), secret };
    },
    { keep: ({ secret: _, ...client }) => client, tenant: tenantsOf(identity) },
  );
};
