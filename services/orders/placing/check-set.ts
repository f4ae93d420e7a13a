import { after, type Instant } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import type { ResultOf } from "../../../platform/contracts.ts";
import { type Problem, validationFailed } from "../../../platform/errors.ts";
import { keyOwner, sealAnswer } from "../../../platform/idempotency.ts";
import { newId } from "../../../platform/ids.ts";
import { money } from "../../../platform/money.ts";
import type { ItemQuantity } from "../../../platform/schema.ts";
import { type Ctx, call, type Identity, serviceContext } from "../../../platform/service.ts";
import { orderOutOfStock, priceChanged } from "../contract.ts";
import { begin, newEvent, type OrderState, type PlacedData } from "../order.ts";
import { orderNumber } from "../order-number.ts";
import { orderView, type PersonalData } from "../order-view.ts";
import type { Placement } from "../repository.ts";
import { sealPersonalData } from "../shared/personal-data.ts";
import type { PlaceRequest } from "./kept-answers.ts";
import { isLate, tooLate } from "./late.ts";
import type { OrdersService, Placeable, Verdict } from "./orders-service.ts";

type Quote = NonNullable<ResultOf<"catalog.quote">[number]["quote"]>;

/** Prices a set of requests, looks whether their lines are there, and makes their orders. Nothing is written. */
export async function checkSet(service: OrdersService, requests: readonly PlaceRequest[]): Promise<Verdict[]> {
  const waiting = requests.filter((request) => !isLate(request));
  // A set is worth its calls as long as one of its callers waits; the others have been answered that it took too long.
  const ctx = serviceContext(service, "*", Math.max(...requests.map(({ deadline }) => deadline)));
  const verdicts = new Map(waiting.length > 0 ? await check(service, ctx, waiting) : []);
  return requests.map((request) => verdicts.get(request) ?? { request, problem: tooLate() });
}

async function check(
  service: OrdersService,
  ctx: Ctx,
  requests: readonly PlaceRequest[],
): Promise<[PlaceRequest, Verdict][]> {
  const carts = requests.map(({ params }) => summed(params.items));
  // Neither needs the other's answer: at once they take the time of one.
  const [quotes, available] = await Promise.all([
    call(ctx, "catalog.quote", {
      requests: requests.map(({ params, identity }, i) => ({
        tenant: identity.tenant,
        country: params.shippingAddress.country,
        ...(params.currency && { currency: params.currency }),
        items: carts[i] as ItemQuantity[],
      })),
    }),
    availabilityOf(ctx, requests, carts),
  ]);
  const verdicts: [PlaceRequest, Verdict][] = [];
  for (const [i, request] of requests.entries()) {
    const { quote, unknownSkus, currency } = quotes[i] as ResultOf<"catalog.quote">[number];
    const problem =
      quote === undefined
        ? unpriced(request, unknownSkus, currency)
        : (repriced(request, quote) ?? outOfStock(request, carts[i] as ItemQuantity[], available));
    verdicts.push([request, problem ? { request, problem } : await placeableOf(service, request, quote as Quote)]);
  }
  return verdicts;
}

/** How many pieces of each SKU can be had, by `tenant/sku`. */
async function availabilityOf(
  ctx: Ctx,
  requests: readonly PlaceRequest[],
  carts: readonly (readonly ItemQuantity[])[],
): Promise<Map<string, number>> {
  const skus = requests.flatMap(({ identity }, i) =>
    (carts[i] as readonly ItemQuantity[]).map(({ sku }) => ({ tenant: identity.tenant, sku })),
  );
  const wanted = [...new Map(skus.map((one) => [`${one.tenant}/${one.sku}`, one])).values()];
  const available = new Map<string, number>();
  for (let from = 0; from < wanted.length; from += 1_000) {
    const part = wanted.slice(from, from + 1_000);
    const answers = await call(ctx, "inventory.availability", { requests: part });
    for (const [i, one] of part.entries()) available.set(`${one.tenant}/${one.sku}`, answers[i] ?? 0);
  }
  return available;
}

function summed(items: readonly ItemQuantity[]): ItemQuantity[] {
  const sums = new Map<string, number>();
  for (const { sku, quantity } of items) sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }));
}

function unpriced({ params }: PlaceRequest, unknownSkus: string[] | undefined, currency: string | undefined): Problem {
  if (currency) {
    return validationFailed({
      detail: `The catalog's currency is ${currency}.`,
      errors: [{ path: "/currency", message: `must be ${currency}` }],
    });
  }
  const errors = params.items.flatMap(({ sku }, i) =>
    unknownSkus?.includes(sku) ? [{ path: `/items/${i}/sku`, message: `${sku} is not sold here` }] : [],
  );
  return validationFailed({ detail: "Some SKUs are not sold here.", errors });
}

function repriced({ params }: PlaceRequest, quote: Quote): Problem | undefined {
  const expected = params.expectedTotal;
  if (!expected || (expected.amount === quote.total && expected.currency === quote.currency)) return undefined;
  return priceChanged({ expected, total: money(quote.total, quote.currency) });
}

function outOfStock(
  { identity }: PlaceRequest,
  items: readonly ItemQuantity[],
  available: ReadonlyMap<string, number>,
): Problem | undefined {
  const lines = items
    .map(({ sku, quantity }) => ({
      sku,
      requested: quantity,
      available: Math.max(0, available.get(`${identity.tenant}/${sku}`) ?? 0),
    }))
    .filter((line) => line.available < line.requested);
  return lines.length > 0 ? orderOutOfStock({ lines }) : undefined;
}

async function placeableOf(service: OrdersService, request: PlaceRequest, quote: Quote): Promise<Placeable> {
  const { params, identity, correlationId, idempotency } = request;
  const now: Instant = service.clock.now();
  const customerId = identity.customer ?? params.customer?.id;
  const placed: PlacedData = {
    number: orderNumber(await service.nextNumber()),
    ...(customerId && { customerId }),
    currency: quote.currency,
    country: params.shippingAddress.country,
    lines: quote.lines.map((line) => ({ id: newId(), ...line })),
    shipping: quote.shipping,
    subtotal: quote.subtotal,
    tax: quote.tax,
    total: quote.total,
    deadlineAt: after(now, configOf(service.broker).orderDeadlineMs),
  };
  const state: OrderState = begin(newId(), identity.tenant, placed, now);
  const { items: _items, currency: _currency, expectedTotal: _expected, customer: said, ...kept } = params;
  // A customer's order is shown as theirs, whomever they say they are.
  const customer = said && { ...said, ...(identity.customer && { id: identity.customer }) };
  const personal: PersonalData = { ...kept, ...(customer && { customer }) };
  const event = newEvent(state, 1, { type: "orders.placed.v1", data: placed }, now, {
    actor: identity.customer ?? identity.client,
    correlationId,
  });
  const order = orderView(state, personal);
  const body = JSON.stringify(order);
  const sealed = sealPersonalData(service.sealing, state, personal);
  const placement = { state, event, sealed, ...keyOf(service, identity, idempotency, body) };
  return { request, placement, order, body };
}

/** The key of a request, with the answer that a repetition gets. */
function keyOf(
  { sealing }: OrdersService,
  identity: Identity,
  idempotency: PlaceRequest["idempotency"],
  body: string,
): Pick<Placement, "key"> {
  if (!idempotency) return {};
  const { route, key, fingerprint } = idempotency;
  const client = keyOwner(identity);
  const answer = sealAnswer(sealing, [identity.tenant, client, route, key], body);
  return { key: { client, route, key, fingerprint, answer } };
}
