import { Op } from "sequelize";
import { validationFailed } from "../../../platform/errors.ts";
import { fitting } from "../../../platform/fitting.ts";
import { ownTenant } from "../../../platform/identity/own-tenant.ts";
import { isUuid } from "../../../platform/ids.ts";
import { decodeCursor, encodeCursor } from "../../../platform/schema.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import { productView } from "../product.ts";
import { type CatalogService, findProducts, type ListedProduct } from "../reads/product-reads.ts";

interface Order {
  readonly by: "createdAt" | "sortName" | "priceAmount";
  readonly descending: boolean;
  readonly isPlace: (value: unknown) => boolean;
}

const isText = (value: unknown) => typeof value === "string" && !value.includes("\0") && value.isWellFormed();
const isPrice = (value: unknown) => Number.isSafeInteger(value);
// Only what we write: PostgreSQL knows neither the 31st of February nor years that JavaScript writes with a sign.
const isTime = (value: unknown) =>
  typeof value === "string" && /^[1-9]\d{3}-/.test(value) && new Date(Date.parse(value) || 0).toISOString() === value;

const ORDERS: Readonly<Record<"newest" | "name" | "price" | "-price", Order>> = {
  newest: { by: "createdAt", descending: true, isPlace: isTime },
  name: { by: "sortName", descending: false, isPlace: isText },
  price: { by: "priceAmount", descending: false, isPlace: isPrice },
  "-price": { by: "priceAmount", descending: true, isPlace: isPrice },
};

/** The products of the caller's catalog that have all words of `q` in their name, SKU or description. */
export const listProducts: ActionHandler<"catalog.list", CatalogService> = async function (ctx) {
  const tenant = ownTenant(ctx);
  const { q = "", category, sort = "newest", limit = 20, cursor } = ctx.params;
  const { by, descending } = ORDERS[sort];
  const words = q.split(/\s+/).filter((word) => word !== "");
  const filters: object[] = words.map((word) => ({ search: { [Op.iLike]: `%${word.replace(/[\\%_]/g, "\\$&")}%` } }));
  if (cursor !== undefined) filters.push(...after(sort, cursor));
  const query = { tenant, ...(category !== undefined && { category }), [Op.and]: filters };
  const direction = descending ? "-" : "";
  const found = await findProducts(this, ctx, query, [`${direction}${by}`, `${direction}id`], limit + 1);
  // A page may be shorter than was asked for: what is said of a product can be long.
  const items = fitting(found.slice(0, limit).map((product: ListedProduct) => productView(product)));
  const last = found[items.length - 1];
  const nextCursor = found.length > items.length && last ? encodeCursor([sort, last[by], last.id]) : null;
  return { items: [...items], nextCursor };
};

/** What comes after the place of a cursor. Throws VALIDATION_FAILED for one of another sort, or none of ours. */
function after(sort: keyof typeof ORDERS, cursor: string): object[] {
  const [cursorSort, value, id, ...rest] = decodeCursor(cursor) ?? [];
  const { by, descending, isPlace } = ORDERS[sort];
  if (cursorSort !== sort || !isPlace(value) || typeof id !== "string" || !isUuid(id) || rest.length > 0) {
    throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list in this order" }] });
  }
  const [atOrAfter, after] = descending ? [Op.lte, Op.lt] : [Op.gte, Op.gt];
  // The first half is what an index can begin at; (a, b) > (c, d) cannot be said in Sequelize.
  return [{ [by]: { [atOrAfter]: value } }, { [Op.or]: [{ [by]: { [after]: value } }, { id: { [after]: id } }] }];
}
