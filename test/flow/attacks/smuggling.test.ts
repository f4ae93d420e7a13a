import { connect } from "node:net";
import { type Client, orderBody } from "../../support/client.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { sendBytes } from "../../support/raw.ts";

jest.setTimeout(60_000);

/** What is hidden behind a request, for whoever takes it to end elsewhere than we do. */
const HIDDEN = "GET /api/v1/hidden HTTP/1.1\r\nHost: hidden\r\n\r\n";

describe("a request that two servers would read differently", () => {
  let platform: TestPlatform;
  let shop: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    await platform.stop();
  });

  /** The whole of what comes back over one connection, to its end. */
  const exchange = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(platform.url);
      let answer = "";
      const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(bytes, "latin1")));
      socket.setEncoding("latin1").setTimeout(15_000, () => socket.destroy(new Error("nothing came")));
      socket.on("data", (text: string) => {
        answer += text;
      });
      socket.on("error", reject).on("close", () => resolve(answer));
    });
  const post = (lines: readonly string[], body: string) =>
    [
      "POST /api/v1/check-availability HTTP/1.1",
      ...lines,
      "Content-Type: application/json",
      `Authorization: Bearer ${shop.token}`,
      "",
      body,
    ].join("\r\n");

  // Safeguard: Node's strict parser; `insecureHTTPParser: true` in services/api/http/server.ts takes it away.
  test.each<[string, readonly string[], string]>([
    ["a length and chunks", ["Host: x", "Content-Length: 4", "Transfer-Encoding: chunked"], `0\r\n\r\n${HIDDEN}`],
    ["chunks and a length", ["Host: x", "Transfer-Encoding: chunked", "Content-Length: 4"], `0\r\n\r\n${HIDDEN}`],
    ["two lengths", ["Host: x", "Content-Length: 0", "Content-Length: 2"], `{}${HIDDEN}`],
    ["the same length twice", ["Host: x", "Content-Length: 2", "Content-Length: 2"], `{}${HIDDEN}`],
    ["two lengths in one", ["Host: x", "Content-Length: 2, 2"], `{}${HIDDEN}`],
    ["a length that is none", ["Host: x", "Content-Length: +2"], `{}${HIDDEN}`],
    ["a length in hexadecimal", ["Host: x", "Content-Length: 0x2"], `{}${HIDDEN}`],
    ["a length below 0", ["Host: x", "Content-Length: -1"], HIDDEN],
    ["chunks that are not the last coding", ["Host: x", "Transfer-Encoding: chunked, identity"], `0\r\n\r\n${HIDDEN}`],
    ["a coding that there is not", ["Host: x", "Transfer-Encoding: xchunked"], `0\r\n\r\n${HIDDEN}`],
    ["chunks twice", ["Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"], `0\r\n\r\n${HIDDEN}`],
    ["a space before a colon", ["Host: x", "Transfer-Encoding : chunked"], `0\r\n\r\n${HIDDEN}`],
    ["a header over two lines", ["Host: x", "X-A: b", " Transfer-Encoding: chunked"], `0\r\n\r\n${HIDDEN}`],
    ["a value over two lines", ["Host: x", "Transfer-Encoding:", "\tchunked"], `0\r\n\r\n${HIDDEN}`],
    ["a line that ends with CR alone", ["Host: x", "X-A: b\rTransfer-Encoding: chunked"], `0\r\n\r\n${HIDDEN}`],
    ["a NUL in a header", ["Host: x", "X-A: b\0c"], HIDDEN],
    ["a chunk's size that is none", ["Host: x", "Transfer-Encoding: chunked"], `0x2\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    ["a chunk that is longer than it says", ["Host: x", "Transfer-Encoding: chunked"], `1\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    ["two hosts", ["Host: x", "Host: y", "Connection: close", "Content-Length: 2"], "{}"],
    ["two tokens", ["Host: x", "Authorization: Bearer y", "Connection: close", "Content-Length: 2"], "{}"],
    ["two types", ["Host: x", "Content-Type: text/plain", "Connection: close", "Content-Length: 2"], "{}"],
    ["no host", ["Connection: close", "Content-Length: 2"], "{}"],
  ])("by %s is a 400, and what is hidden behind it is never looked at", async (_, lines, body) => {
    const answer = await exchange(post(lines, body));
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 400"]);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('"code":"MALFORMED_REQUEST"');
  });

  test("is none when there is one reading of it: what follows is a request of its own", async () => {
    const body = JSON.stringify({ items: orderBody().items });
    const one = post(["Host: x", "Transfer-Encoding: chunked"], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    const answer = await exchange(`${one}${HIDDEN.replace("Host: hidden", "Host: hidden\r\nConnection: close")}`);
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404"]);
  });

  // Safeguard: `LONGEST_ADDRESS` in services/api/http/refuse.ts.
  test("by an address that others cut off is a 414", async () => {
    for (const path of [`/api/v1/orders?cursor=${"x".repeat(13_000)}`, `/${"x/".repeat(6_500)}`])
      expectProblem(await shop.get(path), 414, "URI_TOO_LONG");
    expectProblem(await shop.get(`/api/v1/orders/${"x".repeat(20_000)}`), 431, "HEADERS_TOO_LARGE");
  });

  // Safeguard: the router in services/api/http/router.ts goes by the method of the request line alone.
  test("by a header that names another method is what its request line says", async () => {
    const { body: order } = await shop.post("/api/v1/orders", orderBody(), "to-be-kept");
    const path = `/api/v1/orders/${order.id}`;
    for (const name of ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]) {
      const { status, body } = await shop.get(path, { [name]: "DELETE" });
      expect([status, body.id]).toEqual([200, order.id]);
      expectProblem(await shop.send("POST", path, { body: {}, headers: { [name]: "GET" } }), 404);
    }
    expectProblem(await shop.get("/x", { "X-Original-URL": path, "X-Rewrite-URL": path }), 404);
  });

  test.each(["TRACE", "TRACK", "DEBUG", "CONNECT"])("by the method %s gives nothing back", async (method) => {
    const answer = await exchange(
      `${method} /api/v1/orders HTTP/1.1\r\nHost: x\r\nX-Secret: 12345\r\nConnection: close\r\nAuthorization: Bearer ${shop.token}\r\n\r\n`,
    );
    expect(answer).not.toContain("12345");
    // A CONNECT is not even answered.
    if (method === "CONNECT") expect(answer).toBe("");
    else expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
  });

  // Safeguard: `Connection: close` to an `Upgrade` in services/api/http/respond.ts.
  test("by asking for another protocol goes on in this one, and then no more", async () => {
    const upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const answer = await sendBytes(
      platform.url,
      `GET /health/live HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect([answer.status, answer.headers.connection, answer.body]).toEqual([200, "close", { status: "up" }]);
    const preface = await exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    expect(preface).toMatch(/^HTTP\/1\.1 400 /);
  });
});
