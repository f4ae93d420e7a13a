import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { defineError, notFound, staleVersion } from "../../platform/errors.ts";
import { Money } from "../../platform/money.ts";
import {
  Amount,
  Country,
  Currency,
  Id,
  Instant,
  LineQuantity,
  object,
  oneOf,
  page,
  paging,
  Sku,
  setOf,
  TenantId,
  text,
} from "../../platform/schema.ts";

export const skuTaken = defineError("SKU_TAKEN", 409, "There is another product with this SKU.", "changed");

/**
 * The most a product may cost, in minor units. 100 lines of 10,000 pieces with as much tax again stay below 2^53, so
 * that no sum of an order is ever rounded.
 */
const MOST_PRICE = 4_000_000_000;

const price = object({ amount: Type.Integer({ minimum: 0, maximum: MOST_PRICE }), currency: Currency });
const fields = {
  name: text(200),
  description: Type.String({ maxLength: 10_000 }),
  category: text(100),
  price,
  // The names' rule is a pattern, because TypeBox passes lengths of keys over, and what matches no pattern is refused.
  attributes: Type.Record(
    Type.String({ pattern: "^[^\\u0000-\\u001f]{1,100}$" }),
    Type.Union([Type.String({ maxLength: 1_000 }), Type.Number(), Type.Boolean()], {
      errorMessage: "must be a text of at most 1000 characters, a number, true or false",
    }),
    { maxProperties: 100, additionalProperties: false },
  ),
  images: Type.Array(
    object({
      url: Type.String({ pattern: "^https?://", maxLength: 2_000 }),
      alt: Type.Optional(Type.String({ maxLength: 300 })),
    }),
    { maxItems: 50 },
  ),
  seo: object({
    title: Type.Optional(Type.String({ maxLength: 200 })),
    description: Type.Optional(Type.String({ maxLength: 500 })),
    slug: Type.Optional(Type.String({ pattern: "^[a-z0-9]+(-[a-z0-9]+)*$", maxLength: 200 })),
  }),
  active: Type.Boolean(),
};

export const Product = object(
  { id: Id, sku: Sku, ...fields, price: Money, version: Type.Integer(), createdAt: Instant, updatedAt: Instant },
  { $id: "Product" },
);
export type Product = Static<typeof Product>;

const fact = object({
  productId: Id,
  sku: Sku,
  name: Type.String(),
  category: Type.String(),
  price: Money,
  active: Type.Boolean(),
  version: Type.Integer(),
});

/** A priced line: amounts are minor units of the quote's currency, `taxRate` is in basis points. */
export const QuotedLine = object({
  productId: Id,
  productVersion: Type.Integer(),
  sku: Sku,
  name: Type.String(),
  quantity: Type.Integer({ minimum: 1 }),
  unitPrice: Amount,
  net: Amount,
  taxRate: Type.Integer({ minimum: 0 }),
  taxIncluded: Type.Boolean(),
  tax: Amount,
  total: Amount,
});
export type QuotedLine = Static<typeof QuotedLine>;

/** What an order costs. `subtotal` is the lines' net, `tax` that of lines and shipping, `shipping` is net. */
export const Quote = object({
  currency: Currency,
  lines: Type.Array(QuotedLine),
  shipping: object({ net: Amount, taxRate: Type.Integer({ minimum: 0 }), tax: Amount, total: Amount }),
  subtotal: Amount,
  tax: Amount,
  total: Amount,
});
export type Quote = Static<typeof Quote>;

export const contract = defineContract({
  domain: "catalog",
  actions: {
    list: {
      rest: {
        route: "GET /products",
        tag: "Catalog",
        summary: "Products",
        description: "`q` searches name, SKU and description.",
        scopes: [],
      },
      params: object({
        q: Type.Optional(text(200)),
        category: Type.Optional(text(100)),
        sort: Type.Optional(oneOf(["newest", "name", "price", "-price"])),
        ...paging,
        // Longer than others': in the order of names it holds a name.
        cursor: Type.Optional(
          Type.String({ minLength: 1, maxLength: 2_000, description: "The `nextCursor` of the page before." }),
        ),
      }),
      result: page(Product),
    },
    get: {
      rest: { route: "GET /products/:id", tag: "Catalog", summary: "A product", scopes: [] },
      params: object({ id: Id }),
      result: Product,
      errors: [notFound],
    },
    create: {
      audited: { keeps: ["sku", "price", "active"] },
      rest: {
        route: "POST /products",
        tag: "Catalog",
        summary: "Adds a product",
        scopes: ["catalog:write"],
        status: 201,
      },
      params: object({
        sku: Sku,
        name: fields.name,
        price,
        description: Type.Optional(fields.description),
        category: Type.Optional(fields.category),
        attributes: Type.Optional(fields.attributes),
        images: Type.Optional(fields.images),
        seo: Type.Optional(fields.seo),
        active: Type.Optional(fields.active),
      }),
      result: Product,
      errors: [skuTaken],
    },
    update: {
      audited: { object: "id", keeps: ["price", "active", "version"] },
      rest: {
        route: "PUT /products/:id",
        tag: "Catalog",
        summary: "Changes a product",
        description:
          "Members that are left out stay, and the SKU is for good. With `version` it is refused when the product has changed since.",
        scopes: ["catalog:write"],
        existsBy: "catalog.get",
      },
      params: object({
        id: Id,
        sku: Type.Optional(Sku),
        name: Type.Optional(fields.name),
        price: Type.Optional(price),
        description: Type.Optional(fields.description),
        category: Type.Optional(fields.category),
        attributes: Type.Optional(fields.attributes),
        images: Type.Optional(fields.images),
        seo: Type.Optional(fields.seo),
        active: Type.Optional(fields.active),
        version: Type.Optional(Type.Integer({ minimum: 1 })),
      }),
      result: Product,
      errors: [notFound, staleVersion],
    },
    remove: {
      audited: { object: "id" },
      rest: {
        route: "DELETE /products/:id",
        tag: "Catalog",
        summary: "Takes a product out of the catalog",
        scopes: ["catalog:write"],
        status: 204,
        existsBy: "catalog.get",
      },
      params: object({ id: Id }),
      result: Type.Null(),
      errors: [notFound],
    },
    /**
     * Prices carts of several tenants, with tax for the country and shipping. A cart with SKUs that are not sold
     * names them; one in another currency than the tenant's is told the right one.
     */
    quote: {
      callers: "services",
      idempotent: true,
      params: object({
        requests: setOf(
          object({
            tenant: TenantId,
            country: Country,
            currency: Type.Optional(Currency),
            items: Type.Array(LineQuantity, { minItems: 1 }),
          }),
        ),
      }),
      result: Type.Array(
        object({
          quote: Type.Optional(Quote),
          unknownSkus: Type.Optional(Type.Array(Type.String())),
          currency: Type.Optional(Currency),
        }),
      ),
    },
  },
  events: {
    "catalog.product_created.v1": { data: fact },
    "catalog.product_updated.v1": { data: fact },
    "catalog.product_deleted.v1": { data: fact },
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
