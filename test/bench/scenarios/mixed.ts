import { Load } from "../generator/load.ts";
import type { MixedOptions } from "../generator/requests/mixed.ts";
import { MEMORY } from "../goals.ts";
import { measureWindow } from "../measure.ts";
import { Platform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";
import { LISTS } from "./browsing.ts";
import { pathsOf, product } from "./reads.ts";

const IN_FLIGHT = 32;
const DECLINED_EVERY = 8;

/** The kinds of requests with the status that each is answered with. */
const STATUSES = { place: 201, order: 200, orders: 200, product: 200, products: 200 };

/** Everything that a shop asks at once, while the orders' lives go on behind; some end with a card that is declined. */
async function platform(bench: Bench): Promise<Figures> {
  await using platform = await Platform.start(bench);
  const products = await pathsOf(platform, product);
  const options: MixedOptions = { seed: 1, declinedEvery: DECLINED_EVERY, products, lists: LISTS };
  await using load = await Load.start({
    target: platform,
    requests: { name: "mixed", options },
    pace: { kind: "closed", connections: IN_FLIGHT },
  });
  const parts = { server: bench.server, ...platform.parts, generator: load.child };
  const { window, figures } = await measureWindow(bench, load, parts, STATUSES);
  const { 201: placed = 0, 200: read = 0, ...others } = await load.stop();
  if (read === 0 || Object.keys(others).length > 0) throw new Refused(`other answers: ${JSON.stringify(others)}`);
  await platform.rest();
  await platform.assertSound(placed, Math.floor(placed / DECLINED_EVERY));
  const { place, order, orders, product: one, products: list } = window.kinds;
  return {
    ...figures,
    ...(place && { postP50: place.p50, postP99: place.p99 }),
    ...(order && { orderP99: order.p99 }),
    ...(orders && { ordersP99: orders.p99 }),
    ...(one && { productP99: one.p99 }),
    ...(list && { productsP99: list.p99 }),
  };
}

export const scenario: Scenario = {
  name: "mixed",
  what: `of ten requests 5 a product, 2 a list of products, 1 an order, 1 a list of orders, 1 placing; ${IN_FLIGHT} in flight`,
  sides: [{ name: "platform", goals: [MEMORY], run: platform }],
};
