import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { createHttpServer } from "./server.ts";

test("a connection beyond the most is closed at once, and those before it go on", async () => {
  const server = createHttpServer((_req, res) => res.end("here"), {}, 2).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = async () => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const [first, second] = [await open(), await open()];
  const third = await open();
  await once(third, "close");
  for (const socket of [first, second]) {
    socket.write("GET / HTTP/1.1\r\nHost: waybill\r\n\r\n");
    expect(String((await once(socket, "data"))[0])).toContain("200 OK");
    socket.destroy();
  }
  await new Promise((resolve) => server.close(resolve));
});

test("who is slow with a head has 10 seconds, and with a body 30", () => {
  const { headersTimeout, requestTimeout } = createHttpServer(() => {}, {});
  expect([headersTimeout, requestTimeout]).toEqual([10_000, 30_000]);
});
