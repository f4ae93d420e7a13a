import { type Static, Type } from "@sinclair/typebox";
import { type ActionsOf, defineContract, type EventsOf } from "../../platform/contracts.ts";
import { conflict, defineError, notFound, staleVersion } from "../../platform/errors.ts";
import {
  Id,
  Instant,
  Items,
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

export const outOfStock = defineError("OUT_OF_STOCK", 409, "Not all lines are available.", "changed");
export const belowReserved = defineError("BELOW_RESERVED", 409, "More is reserved than would be on hand.", "changed");
export const referenceInUse = defineError(
  "REFERENCE_IN_USE",
  409,
  "The reference belongs to another reservation.",
  "changed",
);

const OnHand = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000,
  errorMessage: "must be a whole number from 0 to 1000000000",
});

export const Stock = object(
  {
    sku: Sku,
    onHand: OnHand,
    reserved: Type.Integer({ minimum: 0 }),
    available: Type.Integer(),
    version: Type.Integer(),
  },
  { $id: "Stock", description: "`available = onHand - reserved`." },
);
export type Stock = Static<typeof Stock>;

/** One entry of a SKU's audit trail. */
export const StockTransaction = object(
  {
    id: Id,
    sku: Sku,
    type: oneOf(["SET", "ADJUSTED", "RESERVED", "RELEASED", "COMMITTED"]),
    onHandChange: Type.Integer(),
    reservedChange: Type.Integer(),
    reference: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    actor: Type.String(),
    at: Instant,
  },
  { $id: "StockTransaction" },
);
export type StockTransaction = Static<typeof StockTransaction>;

const Reference = text(128);
export const Reservation = object(
  {
    reference: Type.String(),
    status: oneOf(["HELD", "RELEASED", "COMMITTED"]),
    items: Type.Array(LineQuantity),
    expiresAt: Type.Optional(Instant),
  },
  { $id: "Reservation" },
);
export type Reservation = Static<typeof Reservation>;

export const Availability = object(
  {
    available: Type.Boolean(),
    items: Type.Array(object({ sku: Sku, requested: Type.Integer(), available: Type.Integer() })),
  },
  { $id: "Availability" },
);

/** A reservation of an order, as the order process asks for it. */
const OrderLines = object({ tenant: TenantId, orderId: Id, lines: Type.Array(LineQuantity, { minItems: 1 }) });
const OrderOfTenant = object({ tenant: TenantId, orderId: Id });

export const contract = defineContract({
  domain: "inventory",
  actions: {
    get: {
      rest: {
        route: "GET /inventory/:sku",
        tag: "Inventory",
        summary: "The stock of a SKU",
        scopes: ["inventory:read"],
      },
      params: object({ sku: Sku }),
      result: Stock,
      errors: [notFound],
    },
    listTransactions: {
      rest: {
        route: "GET /inventory/:sku/transactions",
        tag: "Inventory",
        summary: "The audit trail of a SKU",
        scopes: ["inventory:read"],
        existsBy: "inventory.get",
      },
      params: object({ sku: Sku, ...paging }),
      result: page(StockTransaction),
      errors: [notFound],
    },
    set: {
      audited: { object: "sku", keeps: ["onHand", "version"] },
      rest: {
        route: "PUT /inventory/:sku",
        tag: "Inventory",
        summary: "Sets what is on hand",
        description:
          "Makes the SKU's stock if there is none. With `version` it is refused when the stock has changed since.",
        scopes: ["inventory:write"],
      },
      params: object({ sku: Sku, onHand: OnHand, version: Type.Optional(Type.Integer({ minimum: 0 })) }),
      result: Stock,
      errors: [staleVersion, belowReserved],
    },
    adjust: {
      audited: { object: "sku", keeps: ["delta"] },
      rest: {
        route: "POST /inventory/:sku/adjust",
        tag: "Inventory",
        summary: "Adds to or takes from what is on hand",
        scopes: ["inventory:write"],
        idempotency: "required",
        existsBy: "inventory.visible",
      },
      params: object({
        sku: Sku,
        delta: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
        reason: text(200),
      }),
      result: Stock,
      errors: [notFound, belowReserved],
    },
    reserveDirectly: {
      idempotent: true,
      rest: {
        route: "POST /inventory/reserve",
        tag: "Inventory",
        summary: "Holds stock under a reference, all lines or none",
        scopes: ["inventory:write"],
      },
      params: object({
        reference: Reference,
        items: Items,
        ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 * 86_400 })),
      }),
      result: Reservation,
      errors: [outOfStock, referenceInUse],
    },
    releaseDirectly: {
      idempotent: true,
      rest: {
        route: "POST /inventory/release",
        tag: "Inventory",
        summary: "Gives a direct reservation back",
        description: "Idempotent by reference. The hold of an order ends with the order alone.",
        scopes: ["inventory:write"],
      },
      params: object({ reference: Reference }),
      result: Reservation,
      errors: [notFound, conflict],
    },
    checkAvailability: {
      idempotent: true,
      rest: {
        route: "POST /check-availability",
        tag: "Inventory",
        summary: "Whether lines could be reserved now",
        scopes: [],
        harmless: true,
      },
      params: object({ items: Items }),
      result: Availability,
    },
    /** What the gateway needs to know: whether the caller's tenant has stock of a SKU. */
    visible: {
      idempotent: true,
      params: object({ sku: Sku }),
      result: object({ sku: Sku }),
      errors: [notFound],
    },
    /** What is available of SKUs of several tenants, in the order of asking; 0 for a SKU without stock. */
    availability: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(object({ tenant: TenantId, sku: Sku })) }),
      result: Type.Array(Type.Integer()),
    },
    /** The stock of a SKU with the end of its audit trail, newest first: a tenant's, or that of all tenants. */
    inspect: {
      scopes: ["admin"],
      params: object({ sku: Sku, limit: Type.Integer({ minimum: 1, maximum: 100 }) }),
      result: Type.Array(object({ tenant: Type.String(), stock: Stock, transactions: Type.Array(StockTransaction) })),
    },
    /** Reserves for orders, each all lines or none, in the order of asking. Idempotent by order; after a release refused. */
    reserve: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(OrderLines) }),
      result: Type.Array(object({ orderId: Id, status: oneOf(["HELD", "OUT_OF_STOCK", "RELEASED"]) })),
    },
    /** Releases the reservations of orders. One that never was leaves a tombstone: a reserve that comes later is refused. */
    release: {
      callers: "services",
      idempotent: true,
      params: object({ requests: setOf(OrderOfTenant) }),
      result: Type.Array(object({ orderId: Id, status: oneOf(["RELEASED", "COMMITTED"]) })),
    },
  },
  events: {
    "inventory.low_stock.v1": { data: object({ sku: Sku, available: Type.Integer(), threshold: Type.Integer() }) },
  },
});

declare module "../../platform/contracts.ts" {
  interface Actions extends ActionsOf<typeof contract> {}
  interface Events extends EventsOf<typeof contract> {}
}
