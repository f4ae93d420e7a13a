import { after, type Clock, type Instant } from "../../../platform/clock.ts";
import { coalesce } from "../../../platform/coalesce.ts";
import { type Database, statement } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { Outcomes } from "../payment.ts";
import { type OnAuthorisation, type PaymentProvider, ProviderTimeout, ProviderUnavailable } from "./provider.ts";
import { type Card, cardOf } from "./sandbox-cards.ts";
import { type Moved, type Movement, moveSet } from "./sandbox-movements.ts";

export interface SandboxOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How long the bank says nothing of what a `pm_waybill_timeout` has authorised, in ms. */
  readonly silentMs?: number;
  /** How many calls for a `pm_waybill_unavailable` fail before one succeeds. */
  readonly failures?: number;
}

const AUTHORISATION_MS = 7 * 86_400_000;
/** Not the time of the authorisation: by the clock of another node that may still be to come. */
const AT_ONCE: Instant = "1970-01-01T00:00:00.000Z";
/** As many as a set of commands asks at a time. */
const MAX = 256;

interface Authorisation {
  operation_id: string;
  status: "AUTHORISED" | "DECLINED" | "REQUIRES_ACTION" | "VOIDED";
  code: string | null;
  authorised_until: Instant | null;
  failures_left: number;
  known_from: Instant;
}

/** A row as it is asked for. */
interface Asked {
  operation_id: string;
  amount: number;
  currency: string;
  status: Card["status"];
  code: string | undefined;
  authorised_until: Instant | undefined;
  captures_fail: boolean;
  failures_left: number;
  known_from: Instant;
}

interface MovementRow {
  operation_id: string;
  status: "DONE" | "REFUSED";
  code: string | null;
}

const ASKED = new Recordset<Asked>(
  `operation_id text, amount bigint, currency text, status text, code text, authorised_until timestamptz,
   captures_fail boolean, failures_left int, known_from timestamptz`,
);
const authoriseSet = statement(
  "sandbox.authorise",
  `insert into sandbox_authorisations
     (operation_id, amount, currency, status, code, authorised_until, captures_fail, failures_left, known_from)
   select * from ${ASKED.from("a")}
   on conflict (operation_id) do update set failures_left = greatest(sandbox_authorisations.failures_left - 1, 0)
   returning operation_id, status, code, authorised_until, failures_left, known_from`,
);
const authorisations = statement(
  "sandbox.authorisations",
  `select operation_id, status, code, authorised_until, failures_left, known_from from sandbox_authorisations
   where operation_id = any($1)`,
);
const movements = statement(
  "sandbox.movements",
  "select operation_id, status, code from sandbox_movements where operation_id = any($1)",
);

/**
 * A bank to try things with: durable, in tables of its own, and idempotent by operation id as a real one. It does
 * singly what it is asked, as a real adapter, and writes what is asked at a time as one set.
 */
export class SandboxProvider implements PaymentProvider {
  readonly name = "sandbox";
  readonly concurrency = MAX;
  readonly #clock: Clock;
  readonly #silentMs: number;
  readonly #failures: number;
  readonly #authorise: (asked: Asked) => Promise<Authorisation>;
  readonly #move: (asked: Movement) => Promise<Moved>;
  readonly #authorisation: (operationId: string) => Promise<Authorisation | undefined>;
  readonly #movement: (operationId: string) => Promise<MovementRow | undefined>;

  constructor({ database, clock, silentMs = 2_000, failures = 2 }: SandboxOptions) {
    this.#clock = clock;
    this.#silentMs = silentMs;
    this.#failures = failures;
    this.#authorise = coalesce(
      async (set) => {
        const rows = await database.acrossTenants.query<Authorisation>(authoriseSet, ASKED.values(onceEach(set)));
        const byId = new Map(rows.map((row) => [row.operation_id, row]));
        return set.map(({ operation_id }) => byId.get(operation_id) as Authorisation);
      },
      { max: MAX },
    );
    this.#move = coalesce((set) => moveSet(database, set, clock.now()), { max: MAX });
    this.#authorisation = coalesce((ids) => byOperation<Authorisation>(database, authorisations, ids), { max: MAX });
    this.#movement = coalesce((ids) => byOperation<MovementRow>(database, movements, ids), { max: MAX });
  }

  async authorise(request: {
    operationId: string;
    amount: number;
    currency: string;
    token: string;
  }): Promise<Outcomes["AUTHORISE"]> {
    const card: Card = request.amount > 0 ? cardOf(request.token) : { status: "DECLINED", code: "amount_too_small" };
    const now = this.#clock.now();
    const row = await this.#authorise({
      ...{ operation_id: request.operationId, amount: request.amount, currency: request.currency },
      ...{ status: card.status, code: card.code, captures_fail: card.capturesFail ?? false },
      authorised_until: card.status === "AUTHORISED" ? after(now, AUTHORISATION_MS) : undefined,
      failures_left: card.unavailable ? this.#failures : 0,
      known_from: card.timesOut ? after(now, this.#silentMs) : AT_ONCE,
    });
    if (row.failures_left > 0) throw new ProviderUnavailable("the sandbox bank is not available");
    if (row.known_from > now) throw new ProviderTimeout("the sandbox bank did not answer in time");
    return outcomeOf(row);
  }

  async capture({
    operationId,
    authorisation,
    amount,
  }: OnAuthorisation & { amount: number }): Promise<Outcomes["CAPTURE"]> {
    const moved = await this.#move({ type: "CAPTURE", operationId, authorisation, amount });
    return moved.status === "DONE" ? { status: "CAPTURED" } : { status: "REFUSED", code: moved.code ?? "refused" };
  }

  async refund({
    operationId,
    authorisation,
    amount,
  }: OnAuthorisation & { amount: number }): Promise<Outcomes["REFUND"]> {
    const moved = await this.#move({ type: "REFUND", operationId, authorisation, amount });
    return moved.status === "DONE" ? { status: "REFUNDED" } : { status: "REFUSED", code: moved.code ?? "refused" };
  }

  async void({ operationId, authorisation }: OnAuthorisation): Promise<Outcomes["VOID"]> {
    const moved = await this.#move({ type: "VOID", operationId, authorisation, amount: 0 });
    if (moved.status === "DONE") return { status: "VOIDED" };
    switch (moved.code) {
      case "silent":
        throw new ProviderTimeout("the sandbox bank did not answer in time");
      case "captured":
        return { status: "CAPTURED" };
      default:
        return { status: "DECLINED", code: moved.code ?? "generic_decline" };
    }
  }

  async lookup<T extends "AUTHORISE" | "CAPTURE" | "REFUND">(
    type: T,
    operationId: string,
  ): Promise<Outcomes[T] | { status: "PENDING" } | { status: "NONE" }> {
    if (type === "AUTHORISE") {
      const row = await this.#authorisation(operationId);
      if (!row || row.failures_left > 0) return { status: "NONE" };
      return row.known_from > this.#clock.now() ? { status: "PENDING" } : (outcomeOf(row) as Outcomes[T]);
    }
    const row = await this.#movement(operationId);
    if (!row) return { status: "NONE" };
    if (row.status === "REFUSED") return { status: "REFUSED", code: row.code ?? "refused" } as Outcomes[T];
    return { status: type === "CAPTURE" ? "CAPTURED" : "REFUNDED" } as Outcomes[T];
  }
}

/** Each operation once, and in the same order by whomever they are asked for. */
function onceEach(set: readonly Asked[]): Asked[] {
  const once = [...new Map(set.map((asked) => [asked.operation_id, asked])).values()];
  return once.sort((one, other) => (one.operation_id < other.operation_id ? -1 : 1));
}

async function byOperation<R extends { operation_id: string }>(
  database: Database,
  select: ReturnType<typeof statement>,
  ids: readonly string[],
): Promise<(R | undefined)[]> {
  const rows = await database.acrossTenants.query<R>(select, [ids]);
  const byId = new Map(rows.map((row) => [row.operation_id, row]));
  return ids.map((id) => byId.get(id));
}

function outcomeOf({ status, code, authorised_until }: Authorisation): Outcomes["AUTHORISE"] {
  switch (status) {
    case "AUTHORISED":
      return { status, ...(authorised_until && { authorisedUntil: authorised_until }) };
    case "DECLINED":
      return { status, code: code ?? "generic_decline" };
    case "REQUIRES_ACTION":
    case "VOIDED":
      return { status };
    default:
      return status satisfies never;
  }
}
