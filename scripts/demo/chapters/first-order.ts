import { continued } from "../curl.ts";
import { COFFEE, glance, orderOf, showMovements, showStock } from "../goods.ts";
import type { Session } from "../session.ts";
import { price } from "../tell.ts";

/** What the repetition of a request needs of the first one. */
export interface FirstOrder {
  readonly key: string;
  readonly text: string;
}

interface Payment {
  readonly status: string;
  readonly entries: readonly { readonly type: string; readonly amount: object; readonly at: string }[];
}

const EVENTS = [
  "orders.placed.v1",
  "orders.stock_reserved.v1",
  "orders.payment_authorised.v1",
  "orders.confirmed.v1",
  "orders.processing.v1",
  "orders.shipped.v1",
  "orders.payment_captured.v1",
  "orders.delivered.v1",
];

/** One order from the shop's token to the customer's door. */
export async function firstOrder(session: Session, key: string): Promise<FirstOrder> {
  session.tell({
    kind: "chapter",
    title: "1. One order, from token to doorstep",
    text: "A shop orders two bags of coffee for Ada. Everything below is the public REST API.",
  });
  await showToken(session);
  session.step("What is in stock");
  const before = await showStock(session);
  session.step(
    "Watch what happens",
    "The live feed stays open: in a shell of its own, or with `&` behind it. What it brings stands where it comes in, with ●.",
  );
  await session.watch();
  session.step("Place the order", "201 means that the order is on the disk. What follows, follows by itself.");
  const body = orderOf("pm_card_visa");
  const placed = await session.place({ method: "POST", path: "/api/v1/orders", key, body }, glance);
  const order: string = placed.body.id;
  session.check("The order is accepted: PENDING", placed.body.status, "PENDING");
  await session.until("orders.processing.v1");
  session.step("What the customer sees meanwhile");
  const meanwhile = await session.ask({ path: "/api/v1/orders/$ORDER" }, { status: 200, show: glance });
  const seen: string = meanwhile.body.status;
  session.check(`Stock and payment are there: the order is ${seen}`, seen !== "PENDING" && seen !== "CANCELLED");
  await session.until("orders.shipped.v1");
  await session.until("orders.payment_captured.v1");
  await session.until("orders.delivered.v1");
  await showTheEnd(session, order, placed.body.total);
  session.step("Stock afterwards");
  await showMovements(session, order, ["RESERVED", "COMMITTED"]);
  const after = await showStock(session);
  if (session.platform.own) {
    const expected = { onHand: before.onHand - 2, reserved: before.reserved, available: before.available - 2 };
    session.check(`Two bags of ${COFFEE} have left the house, and none is held`, after, expected);
  }
  await showHistory(session);
  return { key, text: placed.text };
}

async function showToken(session: Session): Promise<void> {
  session.step("A token for the shop", "Every client has a secret of its own and may do what its scopes say.");
  const form = { grant_type: "client_credentials", client_id: "demo-shop", client_secret: "demo-secret" };
  const parts = Object.entries(form).map(([name, value]) => `-d ${name}=${value}`);
  const command = continued([`TOKEN=$(curl -s "$URL/api/v1/auth/token"`, ...parts]);
  session.tell({
    kind: "shell",
    lines: [...command.slice(0, -1), `${command.at(-1)} \\`, `  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`],
  });
  const { body } = await session.send(
    "/api/v1/auth/token",
    200,
    ({ access_token, ...rest }) => ({ access_token: `${String(access_token).slice(0, 12)}...`, ...rest }),
    [],
    { method: "POST", body: new URLSearchParams(form) },
  );
  session.token = body.access_token;
}

async function showTheEnd(session: Session, order: string, total: { amount: number; currency: string }): Promise<void> {
  session.step("At the door");
  const { body } = await session.ask({ path: "/api/v1/orders/$ORDER" }, { status: 200, show: glance });
  session.check("The order is DELIVERED", body.status, "DELIVERED");
  session.check(`Exactly ${price(total)} were taken`, body.payment.captured, total);
  const types = session.received.map(({ type }) => type);
  session.check("The feed brought each event once", [...types].sort(), [...EVENTS].sort());
  session.step("The payment's entries");
  const payments = await session.ask(
    { path: "/api/v1/orders/$ORDER/payments" },
    {
      status: 200,
      show: ({ items }: { items: Payment[] }) =>
        items.map(({ status, entries }) => ({
          status,
          entries: entries.map(({ type, amount, at }) => ({ type, amount, at })),
        })),
    },
  );
  const moved = payments.body.items[0].entries.map(({ type }: { type: string }) => type);
  session.check("The money was authorised once and captured once", moved, ["AUTHORISED", "CAPTURED"]);
  session.step("The parcel's trail");
  const shipment = await session.ask(
    { path: "/api/v1/delivery/shipment/$ORDER" },
    {
      status: 200,
      show: ({ status, carrier, trackingNumber, events }) => ({
        status,
        carrier,
        trackingNumber,
        events: events.map(({ id: _, ...event }: Record<string, unknown>) => event),
      }),
    },
  );
  const trail = shipment.body.events.map(({ status }: { status: string }) => status);
  session.check("The parcel was packed, shipped and delivered", trail, ["PROCESSING", "SHIPPED", "DELIVERED"]);
  session.check("It is this order's", shipment.body.orderId, order);
}

async function showHistory(session: Session): Promise<void> {
  session.step("The order's history", "The order is its events; they are never changed.");
  const { body } = await session.ask(
    { path: "/api/v1/orders/$ORDER/history" },
    {
      status: 200,
      show: ({ items }) => items.map(({ version, type, actor }: Record<string, unknown>) => ({ version, type, actor })),
    },
  );
  const ids = body.items.map(({ id }: { id: string }) => id);
  const fed = session.received.map(({ id }) => id);
  session.check("It has the events that the feed brought, in the same order", ids, fed);
  session.step("The order as it was", "With `?version=` (or `?at=`) the same address gives each of its states.");
  session.tell({
    kind: "shell",
    lines: [
      `for V in $(seq 1 ${ids.length}); do`,
      '  curl -s "$URL/api/v1/orders/$ORDER?version=$V" -H "Authorization: Bearer $TOKEN"; echo',
      "done",
    ],
  });
  const rows: string[][] = [];
  for (const { version, type } of body.items as { version: number; type: string }[]) {
    const { status, payment } = await session.quietly(`/api/v1/orders/$ORDER?version=${version}`);
    rows.push([String(version), type, status, payment.status]);
  }
  session.tell({ kind: "table", head: ["version", "after", "the order is", "its payment is"], rows });
  const statuses = [...new Set(rows.map((row) => row[2]))];
  const path = ["PENDING", "PENDING_SHIPMENT", "SHIPPED", "DELIVERED"];
  session.check(`The customer saw ${path.join(", ")}: never back, none left out`, statuses, path);
}
