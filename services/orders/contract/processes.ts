import { Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { conflict, notFound } from "../../../platform/errors.ts";
import { Id, Instant, object, oneOf, page, paging, text } from "../../../platform/schema.ts";
import { alreadyShipped } from "./order.ts";

/** The order process of one order, as an operator sees it. */
export const Process = object(
  {
    orderId: Id,
    number: Type.String(),
    state: oneOf(["retrying", "stuck"]),
    step: Type.String(),
    attempts: Type.Integer(),
    error: Type.String(),
    dueAt: Instant,
    since: Instant,
  },
  { $id: "Process" },
);

/** Order processes in trouble, for operators. */
export const processes = {
  listProcesses: {
    rest: {
      route: "GET /admin/processes",
      tag: "Operations",
      summary: "Order processes in trouble",
      scopes: ["admin"],
    },
    params: object({ state: Type.Optional(oneOf(["retrying", "stuck"])), ...paging }),
    result: page(Process),
  },
  retryProcess: {
    audited: { object: "orderId" },
    rest: {
      route: "POST /admin/processes/:orderId/retry",
      tag: "Operations",
      summary: "Tries the failing step now",
      scopes: ["admin"],
      existsBy: "orders.process",
    },
    params: object({ orderId: Id }),
    result: Process,
    errors: [notFound],
  },
  skipStep: {
    audited: { object: "orderId" },
    rest: {
      route: "POST /admin/processes/:orderId/skip",
      tag: "Operations",
      summary: "Goes on as if the failing step were done",
      description: "For what was put right by hand elsewhere.",
      scopes: ["admin"],
      existsBy: "orders.process",
    },
    params: object({ orderId: Id, reason: Type.Optional(text(500)) }),
    result: Process,
    errors: [notFound, conflict],
  },
  compensate: {
    audited: { object: "orderId" },
    rest: {
      route: "POST /admin/processes/:orderId/compensate",
      tag: "Operations",
      summary: "Gives the order up: void, release, cancel",
      scopes: ["admin"],
      existsBy: "orders.process",
    },
    params: object({ orderId: Id, reason: Type.Optional(text(500)) }),
    result: Process,
    errors: [notFound, alreadyShipped],
  },
  /** An order process in trouble. */
  process: {
    scopes: ["admin"],
    idempotent: true,
    params: object({ orderId: Id }),
    result: Process,
    errors: [notFound],
  },
  /** The order processes in trouble as operators see them, those of all tenants for the tenant `*`, newest orders first. */
  inspectProcesses: {
    scopes: ["admin"],
    params: object({
      state: Type.Optional(oneOf(["retrying", "stuck"])),
      limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
    }),
    result: Type.Array(object({ tenant: Type.String(), process: Process })),
  },
} as const satisfies ActionContracts;
