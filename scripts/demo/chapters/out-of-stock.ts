import { orderOf, showStock } from "../goods.ts";
import type { Session } from "../session.ts";

interface Line {
  readonly sku: string;
  readonly quantity: number;
}

const SCARCE = "SKU-GEISHA-100G";

/** More than there is: a refusal that says what is missing, and no order. */
export async function outOfStock(session: Session, key: string): Promise<void> {
  session.tell({
    kind: "chapter",
    title: "3. More than there is",
    text: "All lines or none: what cannot be had is refused before there is an order.",
  });
  session.step("A coffee that is scarce");
  const { available } = await showStock(session, SCARCE);
  session.step("Ask for one more than there is");
  // The platform's own clock, by which its orders are dated.
  const { updatedAt: since } = await session.quietly("/api/v1/orders/$ORDER");
  const requested = available + 1;
  const body = orderOf("pm_card_visa", SCARCE, requested);
  const refused = await session.ask(
    { method: "POST", path: "/api/v1/orders", key, body },
    { status: 409, show: ({ code, title, lines }) => ({ code, title, lines }) },
  );
  session.check("The refusal has a code for programs", refused.body.code, "OUT_OF_STOCK");
  const { lines } = refused.body;
  session.check("It names the line, with what was asked for and what there is", lines, [
    { sku: SCARCE, requested, available },
  ]);
  session.step("No order exists");
  const path = `/api/v1/orders?from=${since}&limit=100`;
  const { body: list } = await session.ask(
    { path },
    {
      status: 200,
      show: ({ items }) =>
        items.map(({ number, status, items: lines }: { number: string; status: string; items: Line[] }) => ({
          number,
          status,
          items: lines.map(({ sku, quantity }) => ({ sku, quantity })),
        })),
    },
  );
  const found = list.items.filter((order: { items: Line[] }) =>
    order.items.some(({ sku, quantity }) => sku === SCARCE && quantity === requested),
  );
  session.check("None of the orders since the last one is this one", found, []);
}
