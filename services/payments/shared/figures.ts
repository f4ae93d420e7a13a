import type { Database } from "../../../platform/database.ts";
import { countUntold } from "../untold-repository.ts";

/** The figures of the metrics: how many refunds orders do not know of, of all tenants together. */
export async function refundFigures({ database }: { readonly database: Database }) {
  const help = "Refunds that orders have not been told of, or could not take yet.";
  return [{ name: "waybill_refunds_untold", help, value: await countUntold(database) }];
}
