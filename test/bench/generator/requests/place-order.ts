import { randomBytes } from "node:crypto";
import { seeded } from "../../../support/random.ts";
import { SKUS, skuOf } from "../../shop.ts";
import { type MakeRequests, requestBytes } from "../requests.ts";

const READY = 4_096;
const CUSTOMERS = 100_000;
/** Stands where the number of the order goes; of the same length. */
const NUMBER = "##########";

export interface PlaceOptions {
  readonly seed: number;
  /** Of every so many orders the card of the last is declined; it must be a power of 2. */
  readonly declinedEvery?: number;
}

/**
 * Orders of two lines, from any of the shop's customers for any of its SKUs, each under a key of its own. The requests
 * are made before the run; an order's number is all that is written into them later.
 */
export const makeRequests: MakeRequests<PlaceOptions> = (
  target,
  { seed, declinedEvery = Number.POSITIVE_INFINITY },
) => {
  const random = seeded(seed);
  const below = (count: number) => Math.floor(random() * count);
  // Two generators on one database may have the same seed.
  const run = randomBytes(4).toString("hex");
  const ready = Array.from({ length: READY }, (_, i) => {
    const card = (i + 1) % declinedEvery === 0 ? "pm_card_visa_chargeDeclined" : "pm_card_visa";
    const headers = { "Idempotency-Key": `bench-${run}-${NUMBER}` };
    const bytes = requestBytes(target, ["POST", "/api/v1/orders"], headers, JSON.stringify(order(below, card)));
    const inHeader = bytes.indexOf(NUMBER);
    return { kind: "place", bytes, at: [inHeader, bytes.indexOf(NUMBER, inHeader + 1)] };
  });
  let made = 0;
  return () => {
    const request = ready[made % READY] as (typeof ready)[number];
    const digits = String(made++).padStart(NUMBER.length, "0");
    for (const at of request.at) request.bytes.write(digits, at, "latin1");
    return request;
  };
};

function order(below: (count: number) => number, card: string): object {
  const first = below(SKUS);
  const customer = below(CUSTOMERS);
  return {
    items: [
      { sku: skuOf(first), quantity: 1 + below(3) },
      { sku: skuOf((first + 1 + below(SKUS - 1)) % SKUS), quantity: 1 },
    ],
    customer: {
      id: `00000000-0000-4000-8000-${String(customer).padStart(12, "0")}`,
      email: `customer-${customer}@example.com`,
      name: `Customer ${customer}`,
    },
    shippingAddress: {
      name: `Customer ${customer}`,
      line1: `${1 + below(200)} Harbour Street`,
      line2: `Order ${NUMBER}`,
      city: "Hamburg",
      postalCode: String(20_095 + below(2_000)),
      country: "DE",
    },
    paymentToken: card,
  };
}
