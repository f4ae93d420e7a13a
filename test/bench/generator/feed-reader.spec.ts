import { FeedReader } from "./feed-reader.ts";

const AT = "2026-01-01T00:00:00.250Z";
const event = (id: string) => `id: ${id}\nevent: orders.placed.v1\ndata: {"id":"${id}","at":"${AT}","data":{}}\n\n`;
const piece = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("the reader of feeds", () => {
  it("counts events and not comments, and says when they were made", () => {
    const reader = new FeedReader();
    expect(reader.push(Buffer.from(HEAD + piece(":\n\n")), true)).toEqual({ status: 200, events: 0, times: [] });
    const bytes = Buffer.from(piece(event("a") + event("b")) + piece(":\n\n"));
    expect(reader.push(bytes, true)).toEqual({ events: 2, times: [Date.parse(AT), Date.parse(AT)] });
    expect(reader.push(Buffer.from(piece(event("c"))), false)).toEqual({ events: 1, times: [] });
  });

  it("counts each event once that arrives byte by byte", () => {
    const reader = new FeedReader();
    const bytes = Buffer.from(HEAD + piece(event("a") + event("b")) + piece(event("c")));
    let [events, status] = [0, 0];
    for (const byte of bytes) {
      const received = reader.push(Buffer.from([byte]), true);
      events += received.events;
      status ||= received.status ?? 0;
    }
    expect({ events, status }).toEqual({ events: 3, status: 200 });
  });
});
