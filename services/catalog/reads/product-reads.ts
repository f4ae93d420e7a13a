import type { ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { DataTypes, type Model } from "sequelize";
import { asUnavailable } from "../../../platform/database.ts";
import type { Ctx, DomainService } from "../../../platform/service.ts";
import type { ProductRow } from "../product.ts";
import { DomainSequelizeAdapter } from "./sequelize-adapter.ts";

/** A product as a list reads it. */
export interface ListedProduct extends Omit<ProductRow, "tenant"> {
  /** The name as lists are sorted by it. */
  readonly sortName: string;
}

/** A filter in Sequelize's words: columns by name, operators by symbol. */
export interface ProductQuery {
  /** Every reading is one tenant's. */
  readonly tenant: string;
  readonly [member: string | symbol]: unknown;
}

/** The catalog with the methods of moleculer-db. */
export interface CatalogService extends DomainService {
  _find(ctx: Ctx, params: { query: object; sort: readonly string[]; limit: number }): Promise<ListedProduct[]>;
}

// A new object each: Sequelize writes a column's name into its definition.
const text = () => ({ type: DataTypes.TEXT });
const json = () => ({ type: DataTypes.JSONB });

function instant(field: string, name: "createdAt" | "updatedAt") {
  return {
    type: DataTypes.DATE,
    field,
    get(this: Model) {
      return (this.getDataValue(name) as Date).toISOString();
    },
  };
}

const columns = {
  id: { type: DataTypes.UUID, primaryKey: true },
  sku: text(),
  name: text(),
  description: text(),
  category: text(),
  priceAmount: {
    type: DataTypes.BIGINT,
    field: "price_amount",
    // Sequelize gives a bigint as text; amounts are far below 2^53.
    get(this: Model) {
      return Number(this.getDataValue("priceAmount"));
    },
  },
  currency: text(),
  attributes: json(),
  images: json(),
  seo: json(),
  active: { type: DataTypes.BOOLEAN },
  version: { type: DataTypes.INTEGER },
  createdAt: instant("created_at", "createdAt"),
  updatedAt: instant("updated_at", "updatedAt"),
  sortName: { type: DataTypes.TEXT, field: "sort_name" },
};

// Its actions take any query on any column and know no tenant: none of them exists here, only its methods do.
const { actions: _actions, ...withoutActions } = DbService as unknown as ServiceSchema;

/** Reads products through moleculer-db and Sequelize. */
export const productReads = {
  ...withoutActions,
  name: "catalog",
  adapter: new DomainSequelizeAdapter("catalog"),
  model: { name: "product", define: columns, options: { tableName: "products", timestamps: false } },
  settings: { ...withoutActions.settings, idField: "id", fields: Object.keys(columns) },
} as ServiceSchema;

/** The products of a tenant that are not deleted, as far as the query goes. */
export async function findProducts(
  service: CatalogService,
  ctx: Ctx,
  query: ProductQuery,
  sort: readonly string[],
  limit: number,
): Promise<ListedProduct[]> {
  try {
    return await service._find(ctx, { query: { ...query, deleted_at: null }, sort, limit });
  } catch (error) {
    throw asUnavailable(error);
  }
}
