import type { Exchange } from "./exchange.ts";
import { Traffic } from "./traffic.ts";

const KILOBYTE = 1_024;
const exchange = (destroyed = false) => ({ res: { destroyed }, held: 0 }) as unknown as Exchange;

test("64 MB of large bodies and answers are in hand at most, and what is let go makes room", () => {
  const traffic = new Traffic(512);
  const all = Array.from({ length: 256 }, () => exchange());
  for (const one of all) traffic.hold(one, 256 * KILOBYTE);
  expect(() => traffic.hold(exchange(), 64 * KILOBYTE)).toThrow(expect.objectContaining({ status: 503 }));
  expect(() => traffic.hold(exchange(), 63 * KILOBYTE)).not.toThrow();
  traffic.letGo(all[0] as Exchange);
  expect(() => traffic.hold(exchange(), 256 * KILOBYTE)).not.toThrow();
});

test("a request whose client has gone takes no room, as it would never be let go", () => {
  const traffic = new Traffic(512);
  for (let i = 0; i < 1_000; i++) traffic.hold(exchange(true), 256 * KILOBYTE);
  expect(() => traffic.hold(exchange(), 256 * KILOBYTE)).not.toThrow();
});
