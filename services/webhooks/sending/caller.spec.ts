import type { LookupAddress } from "node:dns";
import { createServer, type Server } from "node:net";
import { answer, Receiver } from "../../../test/support/webhook-receiver.ts";
import { CALL_LIMITS, Caller, type Lookup } from "./caller.ts";

const IMPATIENT = { ...CALL_LIMITS, connectMs: 300, totalMs: 600 };
const address = (text: string): LookupAddress => ({ address: text, family: text.includes(":") ? 6 : 4 });

/** A name server that gives one answer after the other, and the last one from then on. */
function answering(...answers: string[][]) {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _options, callback) => {
    const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] as string[];
    process.nextTick(callback, null, addresses.map(address));
  };
  return { lookup, asked };
}

describe("a call", () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(() => receiver.close());
  const post = (caller: Caller, url = receiver.url) => caller.post(url, { "webhook-id": "1" }, "{}");

  describe("to what is not public", () => {
    test.each([
      ...["https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/"],
      ...["https://[::ffff:10.0.0.1]/", "https://[::1]/", "https://10.0.0.1/", "https://167772161/"],
      ...["https://169.254.169.254/latest/meta-data/", "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/"],
    ])("is not made, whatever has let the URL in: %s", async (url) => {
      const reply = await post(new Caller([], { limits: IMPATIENT }), url);
      expect(reply).toMatchObject({ error: "ADDRESS_REFUSED", status: undefined });
    });

    test.each([
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "::1",
      "::ffff:10.0.0.1",
      "fd00::1",
      // One public address is no excuse for the other.
      "8.8.8.8 and 10.0.0.1",
    ])("is not made by a name that stands for %s", async (addresses) => {
      const { lookup, asked } = answering(addresses.split(" and "));
      const reply = await post(new Caller([], { lookup, limits: IMPATIENT }), "https://shop.example/");
      expect(reply).toMatchObject({ error: "ADDRESS_REFUSED", status: undefined });
      expect(asked).toEqual(["shop.example"]);
    });

    test("is not made without TLS, unless the host is named", async () => {
      expect((await post(new Caller([]))).error).toBe("ADDRESS_REFUSED");
      expect((await post(new Caller(["127.0.0.2", "localhost"]))).error).toBe("ADDRESS_REFUSED");
      expect(receiver.journal).toEqual([]);
      expect((await post(new Caller(["127.0.0.1"]))).status).toBe(204);
    });

    test("is not made by a named host either, where that is not of this machine", async () => {
      for (const inside of ["10.0.0.1", "169.254.169.254", "192.168.0.1"]) {
        const { lookup } = answering([inside]);
        const reply = await post(new Caller(["shop.test"], { lookup, limits: IMPATIENT }), "http://shop.test/");
        expect(reply.error).toBe("ADDRESS_REFUSED");
      }
    });
  });

  test("goes to the address that was judged, whatever the name says the next moment", async () => {
    const inside = await Receiver.start("127.0.0.2", receiver.port);
    const { lookup, asked } = answering(["127.0.0.1"], ["127.0.0.2"]);
    const url = `http://shop.test:${receiver.port}/`;
    expect((await post(new Caller(["shop.test"], { lookup }), url)).status).toBe(204);
    expect(asked).toEqual(["shop.test"]);
    expect(receiver.journal.map(({ headers }) => headers.host)).toEqual([`shop.test:${receiver.port}`]);
    expect(inside.journal).toEqual([]);
    await inside.close();
  });

  test("is judged each time: a name that has moved inwards is not called again", async () => {
    const { lookup } = answering(["127.0.0.1"], ["10.0.0.1"]);
    const caller = new Caller(["shop.test"], { lookup, limits: IMPATIENT });
    const url = `http://shop.test:${receiver.port}/`;
    expect((await post(caller, url)).status).toBe(204);
    expect((await post(caller, url)).error).toBe("ADDRESS_REFUSED");
    expect(receiver.journal).toHaveLength(1);
  });

  test("does not follow a redirect", async () => {
    const inside = await Receiver.start();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answering = answer(status, { location: inside.url });
      expect((await post(new Caller(["127.0.0.1"]))).status).toBe(status);
    }
    expect(inside.journal).toEqual([]);
    await inside.close();
  });

  describe("has limits", () => {
    const caller = () => new Caller(["127.0.0.1"], { limits: IMPATIENT });

    test("of time, for who does not answer", async () => {
      receiver.answering = () => {};
      expect(await post(caller())).toMatchObject({ error: "TIMED_OUT", status: undefined });
    });

    test("of time, for who answers a byte at a time", async () => {
      receiver.answering = (res) => {
        res.writeHead(200);
        const dripping = setInterval(() => res.write("x"), 20);
        res.on("close", () => clearInterval(dripping));
      };
      expect(await post(caller())).toMatchObject({ error: "TIMED_OUT", status: 200 });
    });

    test("of size, for a body without end", async () => {
      receiver.answering = (res) => {
        res.writeHead(200);
        const more = () => {
          while (!res.destroyed && res.write(Buffer.alloc(4_096, "x")));
          if (!res.destroyed) res.once("drain", more);
        };
        more();
      };
      const reply = await post(caller());
      expect(reply).toMatchObject({ error: undefined, status: 200 });
      expect(reply.body).toBe("x".repeat(1_024));
    });

    test("of size, for a head without end", async () => {
      receiver.answering = answer(
        200,
        Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`x-${i}`, "y".repeat(500)])),
      );
      expect((await post(caller())).error).toBe("NOT_HTTP");
    });
  });

  test("says why it has failed", async () => {
    const caller = new Caller(["127.0.0.1", "localhost", "absent.test"], {
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND", syscall: "getaddrinfo" }), []),
    });
    expect((await post(caller, "http://absent.test/")).error).toBe("NAME_NOT_FOUND");
    expect((await post(caller, receiver.url.replace("http:", "https:"))).error).toBe("TLS_FAILED");
    receiver.answering = (res) => res.destroy();
    expect((await post(caller)).error).toBe("CONNECTION_LOST");
    receiver.answering = (res) => {
      res.writeHead(200, { "content-length": "100" }).write("half");
      setImmediate(() => res.destroy());
    };
    expect(await post(caller)).toMatchObject({ error: "CONNECTION_LOST", status: 200 });
    const { url } = receiver;
    await receiver.close();
    expect((await post(caller, url)).error).toBe("CONNECTION_FAILED");
    await receiver.listen();
  });

  test("ends when it is stopped", async () => {
    receiver.answering = () => {};
    const stopping = new AbortController();
    const reply = new Caller(["127.0.0.1"]).post(receiver.url, {}, "{}", stopping.signal);
    stopping.abort();
    expect((await reply).error).toBe("STOPPED");
    expect((await new Caller(["127.0.0.1"]).post(receiver.url, {}, "{}", stopping.signal)).error).toBe("STOPPED");
  });

  test("is given up where nobody takes the connection's encryption up", async () => {
    const silent = await new Promise<Server>((resolve) => {
      const server: Server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1", () => resolve(server));
    });
    const { port } = silent.address() as { port: number };
    const reply = await post(new Caller(["127.0.0.1"], { limits: IMPATIENT }), `https://127.0.0.1:${port}/`);
    expect(reply.error).toBe("TIMED_OUT");
    await new Promise((resolve) => silent.close(resolve));
  });
});
