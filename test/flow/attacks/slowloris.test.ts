import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

const SOCKETS = 1_000;

describe("a thousand sockets that send as slowly as they can", () => {
  let platform: TestPlatform;
  let shop: Client;
  const sockets: Socket[] = [];
  let open = 0;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await platform.stop();
  });

  /** Opens one that begins a request and never ends it. */
  const openSlow = async (n: number): Promise<void> => {
    const { hostname, port } = new URL(platform.url);
    const socket = connect(Number(port), hostname).on("error", () => {});
    sockets.push(socket);
    socket.resume();
    await once(socket, "connect");
    open++;
    socket.on("close", () => {
      open--;
    });
    const head = "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\n";
    // Some have not come to the end of their head, others not to the end of their body, and others have said nothing.
    if (n % 3 === 0) socket.write(head);
    if (n % 3 === 1)
      socket.write(
        `${head}Authorization: Bearer ${shop.token}\r\nIdempotency-Key: slow-${n}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      );
  };

  // Safeguards: `headersTimeout` and `requestTimeout` in services/api/http/server.ts, of which either cuts them off in the
  // end (server.spec.ts holds each); and that a request which waits for its sender holds
  // nothing that others need, but a place among those in hand (`MOST_IN_FLIGHT`).
  test("hold up nobody, and are cut off", async () => {
    const rounds = 20;
    const ask = async (n: number) => {
      const began = performance.now();
      const answers = await Promise.all([
        shop.get("/api/v1/orders?limit=1"),
        shop.get("/api/v1/products?limit=1"),
        shop.post("/api/v1/orders", orderBody(), `good-${n}`),
      ]);
      return { statuses: answers.map(({ status }) => status), ms: performance.now() - began };
    };
    const good: Awaited<ReturnType<typeof ask>>[] = [];
    for (let n = 0; n < rounds; n++) good.push(await ask(n));
    const before = good.splice(0);

    for (let n = 0; n < SOCKETS; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => openSlow(n + i)));
    expect(open).toBe(SOCKETS);
    // A byte now and then, as whoever does this sends it.
    const drip = setInterval(() => {
      for (const [n, socket] of sockets.entries()) if (n % 3 === 0 && socket.writable) socket.write("X-A: b\r\n");
    }, 1_000);
    try {
      for (let n = 0; n < rounds; n++) good.push(await ask(rounds + n));
      expect(good.map(({ statuses }) => statuses)).toEqual(Array(rounds).fill([200, 200, 201]));
      const slowest = (list: typeof good) => Math.round(Math.max(...list.map(({ ms }) => ms)));
      console.info(`three requests at a time: at most ${slowest(before)} ms before, ${slowest(good)} ms meanwhile`);
      // Node looks for them once a second. A body has half a minute, for which nobody waits here.
      const bodies = sockets.filter((_, n) => n % 3 === 1).length;
      await eventually("those that never came to the end of a head are gone", () => open <= bodies, 60_000);
    } finally {
      clearInterval(drip);
    }
    expect((await ask(2 * rounds)).statuses).toEqual([200, 200, 201]);
  });
});
