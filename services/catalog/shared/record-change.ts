import type { Tx } from "../../../platform/database.ts";
import { validationFailed } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import type { Money } from "../../../platform/money.ts";
import type { Ctx, DomainService, Identity } from "../../../platform/service.ts";
import { factOf, type ProductRow } from "../product.ts";
import { currencyOf } from "../repository.ts";

/** Appends what happened to a product to its stream, whose versions are the product's own. */
export async function recordChange(
  service: DomainService,
  ctx: Ctx,
  tx: Tx,
  type: "catalog.product_created.v1" | "catalog.product_updated.v1" | "catalog.product_deleted.v1",
  product: ProductRow,
): Promise<void> {
  const { client, customer } = ctx.meta.identity as Identity;
  const { id: stream, version, tenant, updatedAt: at } = product;
  const meta = { actor: customer ?? client, correlationId: ctx.requestID ?? newId() };
  service.log.append(tx, [{ stream, version, type, tenant, data: factOf(product), meta, at }]);
}

/** Throws VALIDATION_FAILED for a price in another currency than the tenant's. */
export async function assertCurrency(tx: Tx, tenant: string, { currency }: Money): Promise<void> {
  const own = await currencyOf(tx, tenant);
  if (currency === own) return;
  const message = own === undefined ? "cannot be any: the catalog has no currency yet" : `must be ${own}`;
  throw validationFailed({ detail: `/price/currency: ${message}`, errors: [{ path: "/price/currency", message }] });
}
