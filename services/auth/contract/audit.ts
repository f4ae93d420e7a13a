import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { notFound } from "../../../platform/errors.ts";
import { Id, Instant, object, page, paging } from "../../../platform/schema.ts";

/** What somebody who runs the platform, or a tenant's part of it, has done. */
export const AuditedAct = object(
  {
    id: Id,
    sequence: Type.Integer({ description: "Its place in the log, which also counts how acts have ended." }),
    at: Instant,
    tenant: Type.String({ description: "Whose operator it was; `*` for the platform itself." }),
    actor: object({ client: Type.String(), customer: Type.Optional(Type.String()) }),
    action: Type.String(),
    object: Type.Optional(Type.String({ description: "The id of what was acted on." })),
    params: Type.Record(Type.String(), Type.Unknown(), { description: "What is kept of the request." }),
    address: Type.Optional(Type.String({ description: "Where the request came from." })),
    requestId: Type.Optional(Type.String()),
    outcome: Type.Optional(
      Type.String({
        description: "`OK`, or the code of the error. Absent while it is not known: the act may have been done.",
      }),
    ),
    endedAt: Type.Optional(Instant),
    hash: Type.String({ description: "SHA-256, in hexadecimal, over the hash of the row before and this one." }),
  },
  { $id: "AuditedAct" },
);
export type AuditedAct = Static<typeof AuditedAct>;

/** An actor, an action or an object as the log has it. */
const Name = Type.String({ minLength: 1, maxLength: 255 });

/** The audit log. */
export const audit = {
  listAuditLog: {
    rest: {
      route: "GET /admin/audit-log",
      tag: "Administration",
      summary: "Who did what",
      description:
        "The privileged acts of your tenant's operators, newest first, with how they ended. With the scope `platform` those of all tenants, and of the platform itself.",
      scopes: ["admin"],
    },
    params: object({
      actor: Type.Optional(Name),
      action: Type.Optional(Name),
      from: Type.Optional(Instant),
      to: Type.Optional(Instant),
      ...paging,
    }),
    result: page(AuditedAct),
  },
  /** Puts a privileged act into the audit log, before it is done. Twice under one id it is there once. */
  recordAct: {
    callers: "services",
    idempotent: true,
    params: object({
      id: Id,
      tenant: Type.String({ maxLength: 63 }),
      client: Name,
      customer: Type.Optional(Name),
      action: Name,
      object: Type.Optional(Type.String({ maxLength: 255 })),
      params: Type.Record(Type.String(), Type.Unknown()),
      address: Type.Optional(Name),
      requestId: Type.Optional(Name),
    }),
    result: object({}),
  },
  /** Puts behind an act how it has ended: `OK`, or a code. What was told first holds. */
  recordOutcome: {
    callers: "services",
    idempotent: true,
    params: object({ act: Id, outcome: Name, object: Type.Optional(Type.String({ maxLength: 255 })) }),
    result: object({}),
    errors: [notFound],
  },
  /**
   * Whether the audit log is whole: `rows` that fit, the last one's `hash`, and what does not fit. It is held against
   * a `hash` that was noted for a `sequence`, if there is one.
   */
  verifyAuditLog: {
    scopes: ["platform"],
    params: object({ sequence: Type.Optional(Type.Integer({ minimum: 1 })), hash: Type.Optional(Type.String()) }),
    result: object({
      rows: Type.Integer(),
      hash: Type.String(),
      broken: Type.Optional(object({ sequence: Type.Integer(), reason: Type.String() })),
    }),
  },
} as const satisfies ActionContracts;
