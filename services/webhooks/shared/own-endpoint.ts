import { notFound } from "../../../platform/errors.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import type { Ctx } from "../../../platform/service.ts";
import type { Endpoint } from "../endpoint.ts";
import { findEndpoint } from "../endpoint-repository.ts";
import type { WebhooksService } from "./webhooks-service.ts";

/** An endpoint of the caller's tenant. Throws NOT_FOUND for another one's. */
export async function ownEndpoint(service: WebhooksService, ctx: Ctx, id: string): Promise<Endpoint> {
  const tenant = ownTenant(ctx);
  const endpoint = await findEndpoint(service.database.of(tenant), service.sealing, tenant, id);
  if (!endpoint) throw notFound();
  return endpoint;
}
