import { database } from "../../mixins/database.ts";
import { eventLog } from "../../mixins/event-log.ts";
import { health } from "../../mixins/health.ts";
import { cached } from "../../platform/cache/tenant-cache.ts";
import { actionsOf, defineSchema } from "../../platform/service.ts";
import { createProduct } from "./actions/create-product.ts";
import { getProduct } from "./actions/get-product.ts";
import { listProducts } from "./actions/list-products.ts";
import { quote } from "./actions/quote.ts";
import { removeProduct } from "./actions/remove-product.ts";
import { updateProduct } from "./actions/update-product.ts";
import { contract } from "./contract.ts";
import { type CatalogService, productReads } from "./reads/product-reads.ts";

export default defineSchema<CatalogService>({
  name: "catalog",
  // Outermost first: hooks named `created` and `started` run from the last mixin to the first, `stopped` the other way.
  mixins: [health("catalog"), eventLog("catalog"), productReads, database("catalog")],
  actions: cached(
    actionsOf<typeof contract, CatalogService>(contract, {
      list: listProducts,
      get: getProduct,
      create: createProduct,
      update: updateProduct,
      remove: removeProduct,
      quote,
    }),
    // Looked at far more often than changed. What is sold at which price is not cached: see `quote`.
    { reads: ["list", "get"], changes: ["create", "update", "remove"] },
  ),
});
