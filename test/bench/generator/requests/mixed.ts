import { type MakeRequests, type NextRequest, type Request, requestBytes } from "../requests.ts";
import { makeRequests as getting } from "./get.ts";
import { makeRequests as placing } from "./place-order.ts";

export interface MixedOptions {
  readonly seed: number;
  /** Of every so many orders the card of the last is declined. */
  readonly declinedEvery: number;
  readonly products: readonly string[];
  readonly lists: readonly string[];
}

/** What follows on what, over and over: mostly looking around, a tenth is buying. */
const TURN = [
  "product",
  "products",
  "product",
  "order",
  "product",
  "products",
  "product",
  "place",
  "product",
  "orders",
];
/** So many of the orders placed last are looked at. */
const LOOKED_AT = 1_000;
const ID = /"id":"([0-9a-f-]{36})"/;

/** What a shop asks all day. The orders that are read are those that were placed just before. */
export const makeRequests: MakeRequests<MixedOptions> = (target, { seed, declinedEvery, products, lists }) => {
  const placed: Buffer[] = [];
  const answered = (_status: number, body: Buffer) => {
    const id = ID.exec(body.toString("latin1"))?.[1];
    if (id) placed[count++ % LOOKED_AT] = requestBytes(target, ["GET", `/api/v1/orders/${id}`]);
  };
  let [count, read] = [0, 0];
  const order = placing(target, { seed, declinedEvery });
  const place = () => ({ ...order(), answered });
  const sources: Record<string, NextRequest> = {
    product: ofKind("product", getting(target, { paths: products })),
    products: ofKind("products", getting(target, { paths: lists })),
    orders: ofKind("orders", getting(target, { paths: ["/api/v1/orders?limit=20"] })),
    place,
    order: () => {
      const bytes = placed[read++ % placed.length];
      return bytes ? { kind: "order", bytes } : place();
    },
  };
  let made = 0;
  return () => (sources[TURN[made++ % TURN.length] as string] as NextRequest)();
};

function ofKind(kind: string, next: NextRequest): NextRequest {
  return (): Request => ({ ...next(), kind });
}
