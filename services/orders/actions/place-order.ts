import { after, type Instant } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import type { ResultOf } from "../../../platform/contracts.ts";
import { deadlineOf, within } from "../../../platform/deadline.ts";
import { type Problem, unavailable, validationFailed } from "../../../platform/errors.ts";
import { keyOwner, sealAnswer } from "../../../platform/idempotency.ts";
import { newId } from "../../../platform/ids.ts";
import { money } from "../../../platform/money.ts";
import { urgently } from "../../../platform/rush.ts";
import type { ItemQuantity } from "../../../platform/schema.ts";
import {
  type ActionHandler,
  type Ctx,
  call,
  type DomainService,
  type Identity,
  serviceContext,
} from "../../../platform/service.ts";
import { type Order, orderOutOfStock, priceChanged } from "../contract.ts";
import { begin, newEvent, type OrderState, type PlacedData } from "../order.ts";
import { orderNumber } from "../order-number.ts";
import { orderView, type PersonalData } from "../order-view.ts";
import { type Placement, placeOrders } from "../repository.ts";
import { firstOfEachKey, keptAnswers, type PlaceRequest, type PlaceResult } from "../shared/kept-answers.ts";
import { sealPersonalData } from "../shared/personal-data.ts";

type Quote = NonNullable<ResultOf<"catalog.quote">[number]["quote"]>;

/** The orders' service, with what placing needs beside the database. */
export interface OrdersService extends DomainService {
  /** Places an order together with those that arrive at the same time. */
  readonly placements: (request: PlaceRequest) => Promise<PlaceResult>;
  /** The next counter for an order number; different on every node. */
  readonly nextNumber: () => Promise<number>;
}

/** An order that may be placed, and how it is answered. */
interface Checked {
  readonly placement: Placement;
  readonly order: Order;
  /** The order as the bytes of the response. */
  readonly body: string;
}

/**
 * Accepts an order: checks it against catalog and stock and commits it with its first event and its key. What
 * arrives while a set commits is the next set.
 */
export const placeOrder: ActionHandler<"orders.place", OrdersService> = async function (ctx) {
  const identity = ctx.meta.identity as Identity;
  const request: PlaceRequest = {
    params: ctx.params,
    identity,
    idempotency: ctx.meta.idempotency,
    correlationId: ctx.requestID ?? newId(),
    deadline: deadlineOf(ctx),
  };
  const result = await urgently(this.broker, () => this.placements(request));
  if ("problem" in result) throw result.problem;
  ctx.meta.$body = result.body;
  ctx.meta.$replayed = result.replayed;
  return result.order;
};

/**
 * Places a set of orders in one transaction: prices and stock first, then all rows with their keys, and each request gets
 * its own answer. Twins of one key within the set wait for the first of them. Whether a key was used before is asked
 * only for those that were not placed: repetitions are few.
 */
export async function placeSet(service: OrdersService, requests: readonly PlaceRequest[]): Promise<PlaceResult[]> {
  // A set is worth its calls as long as one of its callers waits; the others have been answered that it took too long.
  const ctx = serviceContext(service, "*", Math.max(...requests.map(({ deadline }) => deadline)));
  const results = new Map<PlaceRequest, PlaceResult>();
  // Work for those who have gone would make the next ones late too.
  for (const request of requests) {
    if (request.deadline < within(0)) results.set(request, { problem: unavailable({ retryAfter: 1 }) });
  }
  const leaders = firstOfEachKey(requests.filter((request) => !results.has(request)));
  const { checked, problems } = await check(service, ctx, leaders);
  if (checked.size > 0) {
    const placements = [...checked.values()].map(({ placement }) => placement);
    const placed = await placeOrders(service.database, service.log, placements);
    for (const [request, { order, body }] of checked) {
      if (placed.has(order.id)) results.set(request, { order, body, replayed: false });
    }
  }
  const answered = answerOthers(service, requests, problems, results);
  // What is placed stays placed: a failure is for those who have no answer yet.
  const failed = (error: Error) => {
    for (const request of requests) if (!results.has(request)) results.set(request, { problem: error });
  };
  await (results.size > 0 ? answered.catch(failed) : answered);
  return requests.map((request) => results.get(request) as PlaceResult);
}

/**
 * Answers those that were not placed: they have lost their key, to a request of earlier or of another node, or are twins,
 * or something is wrong with them now that was not when they came first.
 */
async function answerOthers(
  service: OrdersService,
  requests: readonly PlaceRequest[],
  problems: ReadonlyMap<PlaceRequest, Problem>,
  results: Map<PlaceRequest, PlaceResult>,
): Promise<void> {
  const others = requests.filter((request) => !results.has(request));
  // A new statement, because the one that waited for a winner does not see it.
  for (const [request, kept] of await keptAnswers(service, others)) results.set(request, kept);
  for (const [request, problem] of problems) if (!results.has(request)) results.set(request, { problem });
  // Twins whose first has failed: each gets its own try.
  const left = others.filter((request) => !results.has(request));
  if (left.length === 0) return;
  const again = await placeSet(service, left);
  for (const [i, request] of left.entries()) results.set(request, again[i] as PlaceResult);
}

/** Prices the requests and looks whether their lines are there. */
async function check(
  service: OrdersService,
  ctx: Ctx,
  requests: readonly PlaceRequest[],
): Promise<{ checked: Map<PlaceRequest, Checked>; problems: Map<PlaceRequest, Problem> }> {
  const checked = new Map<PlaceRequest, Checked>();
  const problems = new Map<PlaceRequest, Problem>();
  if (requests.length === 0) return { checked, problems };
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
  for (const [i, request] of requests.entries()) {
    const { quote, unknownSkus, currency } = quotes[i] as ResultOf<"catalog.quote">[number];
    const problem =
      quote === undefined
        ? unpriced(request, unknownSkus, currency)
        : (repriced(request, quote) ?? outOfStock(request, carts[i] as ItemQuantity[], available));
    if (problem) problems.set(request, problem);
    else checked.set(request, await placementOf(service, request, quote as Quote));
  }
  return { checked, problems };
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

async function placementOf(service: OrdersService, request: PlaceRequest, quote: Quote): Promise<Checked> {
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
  return { placement: { state, event, sealed, ...keyOf(service, identity, idempotency, body) }, order, body };
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
