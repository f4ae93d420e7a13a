import type { ResultOf } from "../../../platform/contracts.ts";
import type { Money } from "../../../platform/money.ts";
import type { Command } from "../command.ts";
import { type Operator, Refused } from "../operator.ts";
import { columns, duration, facts, price, section, short, time } from "../text.ts";

type Order = ResultOf<"orders.inspect">[number];

/** All that is known of an order, over all domains. */
export const order: Command = {
  usage: "order <number>",
  description: "An order: where it is, its process, payment and shipment, and all that has happened to it",
  async complete(operator) {
    return (await operator.ask("orders.inspectProcesses", { limit: 100 })).map(({ process }) => process.number);
  },
  async run(operator, { number = "" }) {
    const found = await operator.ask("orders.inspect", { number: number.toUpperCase() });
    if (found.length === 0) throw new Refused(`There is no order ${number}.`);
    const shown = await Promise.all(
      found.map(async (one) => {
        const itsTenant = operator.of(one.tenant);
        const [payment, shipment] = await Promise.all([paymentOf(itsTenant, one), shipmentOf(itsTenant, one)]);
        return [stateOf(one), payment, shipment, timelineOf(one)].join("\n\n");
      }),
    );
    return shown.join("\n\n");
  },
};

function stateOf(one: Order): string {
  const { trouble, cancelling } = one;
  return facts(`Order ${one.number}`, {
    id: one.id,
    tenant: one.tenant,
    status: one.status + (one.attention ? `, wants attention: ${one.attention}` : ""),
    "given up": cancelling && `${cancelling.code} by ${cancelling.by}`,
    items: one.items.map(({ sku, quantity }) => `${quantity} x ${sku}`).join(", "),
    total: price(one.total),
    process: trouble
      ? `${trouble.state} at ${trouble.step} since ${time(trouble.since)}, ${trouble.attempts} attempts, next ${time(trouble.dueAt)}`
      : (one.nextStep ?? "waits for nothing of its own"),
    error: trouble && short(trouble.error, 200),
    deadline: one.deadlineAt && time(one.deadlineAt),
  });
}

async function paymentOf(operator: Operator, one: Order): Promise<string> {
  const { status, authorised, captured, refunded } = one.payment;
  const sums = { authorised, captured, refunded } satisfies Record<string, Money>;
  const said = Object.entries(sums).map(([name, sum]) => `${name} ${price(sum)}`);
  const entries = await orAway(async () => {
    const { items } = await operator.ask("payments.listOfOrder", { id: one.id });
    return columns(
      ["at", "type", "amount", "operation"],
      items
        .flatMap((payment) => payment.entries)
        .map((entry) => [time(entry.at), entry.type, price(entry.amount), entry.operationId]),
      "no movements",
    );
  });
  return section(`Payment ${status}: ${said.join(", ")}`, entries);
}

async function shipmentOf(operator: Operator, one: Order): Promise<string> {
  let heading = "Shipment";
  const trail = await orAway(async () => {
    const { items } = await operator.ask("delivery.list", { orderId: one.id });
    const [latest] = items;
    if (!latest) return "  none";
    heading = `Shipment ${latest.status}: ${[latest.id, latest.carrier, latest.trackingNumber].filter(Boolean).join(", ")}`;
    return columns(
      ["at", "status", "by", "detail"],
      latest.events.map(({ at, status, actor, detail, location }) => [
        time(at),
        status,
        actor,
        [detail, location].filter(Boolean).join(", "),
      ]),
    );
  });
  return section(heading, trail);
}

function timelineOf({ timeline, number }: Order): string {
  const began = Date.parse(timeline[0]?.at ?? "");
  const rows = timeline.map(({ version, type, at, actor, reason, data }, i) => [
    String(version),
    i === 0 ? time(at) : `+ ${duration((Date.parse(at) - began) / 1_000)}`,
    type.replace(/^orders\./, "").replace(/\.v\d+$/, ""),
    actor,
    reason ?? told(data),
  ]);
  return section(`What has happened to ${number}`, columns(["", "at", "event", "by", "why"], rows));
}

/** What of an event's data answers "why": the codes, not the goods. */
function told(data: Readonly<Record<string, unknown>>): string {
  const names = ["code", "message", "reason", "declineCode", "attention", "step", "status"];
  return names.flatMap((name) => (typeof data[name] === "string" ? [`${name} ${data[name]}`] : [])).join(", ");
}

/** A domain that is away does not keep the others from being shown. */
async function orAway(show: () => Promise<string>): Promise<string> {
  try {
    return await show();
  } catch (error) {
    if (error instanceof Refused) return `  ${error.message}`;
    throw error;
  }
}
