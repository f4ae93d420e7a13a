import { makeRequests } from "./mixed.ts";

const target = { url: "http://127.0.0.1:3000", token: "token" };
const options = { seed: 1, declinedEvery: 8, products: ["/api/v1/products/p"], lists: ["/api/v1/products?sort=name"] };
const idOf = (nth: number) => `01930000-0000-7000-8000-${String(nth).padStart(12, "0")}`;

describe("the mixed requests", () => {
  it("are answered what they ask for: orders that are read are orders that were placed", () => {
    const next = makeRequests(target, options);
    const placed = new Set<string>();
    const kinds: Record<string, number> = {};
    for (let i = 0; i < 1_000; i += 1) {
      const { kind, bytes, answered } = next();
      const [line = ""] = bytes.toString("latin1").split("\r\n");
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (kind === "place") {
        placed.add(idOf(i));
        answered?.(201, Buffer.from(`{"id":"${idOf(i)}","items":[{"id":"${idOf(0)}"}]}`));
      } else if (kind === "order") {
        expect(placed).toContain(/^GET \/api\/v1\/orders\/(\S+) HTTP/.exec(line)?.[1]);
      }
    }
    // The first order is placed where one would be read.
    expect(kinds).toEqual({ product: 500, products: 200, order: 99, orders: 100, place: 101 });
  });

  it("decline the card of every eighth order", () => {
    const next = makeRequests(target, options);
    const cards: boolean[] = [];
    while (cards.length < 5_000) {
      const { kind, bytes } = next();
      if (kind === "place") cards.push(bytes.includes("chargeDeclined"));
    }
    expect(cards).toEqual(cards.map((_, i) => (i + 1) % 8 === 0));
  });
});
