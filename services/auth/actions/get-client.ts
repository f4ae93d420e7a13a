import { notFound } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findManaged } from "../clients/client-repository.ts";
import { clientView } from "../clients/managed-client.ts";
import { tenantsOf } from "../clients/whose.ts";

/** A client of the caller's tenant. */
export const getClient: ActionHandler<"auth.getClient", AuthService> = async function (ctx) {
  const client = await findManaged(this.database, tenantsOf(ctx.meta.identity as Identity), ctx.params.id);
  if (!client) throw notFound();
  return clientView(client, this.clock.now());
};
