import { ResponseReader } from "./response-reader.ts";

const answer = (status: string, body: string) =>
  Buffer.from(`HTTP/1.1 ${status}\r\nX-Other: 1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

describe("the reader of answers", () => {
  it("reads one answer after the other", () => {
    const reader = new ResponseReader();
    expect(reader.push(answer("201 Created", '{"ä":1}'))).toEqual({ status: 201, body: Buffer.from('{"ä":1}') });
    expect(reader.push(answer("503 Service Unavailable", ""))).toEqual({ status: 503, body: Buffer.alloc(0) });
  });

  it("reads an answer that arrives byte by byte", () => {
    const reader = new ResponseReader();
    const whole = answer("200 OK", "a body\r\n\r\nof two lines");
    for (const byte of whole.subarray(0, -1)) expect(reader.push(Buffer.from([byte]))).toBeUndefined();
    expect(reader.push(whole.subarray(-1))?.body.toString()).toBe("a body\r\n\r\nof two lines");
    expect(reader.push(answer("200 OK", "next"))?.body.toString()).toBe("next");
  });

  it("reads an answer without a body", () => {
    expect(new ResponseReader().push(Buffer.from("HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"))?.status).toBe(204);
  });

  it("refuses what it would miscount", () => {
    const chunked = Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    expect(() => new ResponseReader().push(chunked)).toThrow("without a length");
    expect(() => new ResponseReader().push(Buffer.from("SSH-2.0-x\r\n\r\n"))).toThrow("not an answer");
    expect(() => new ResponseReader().push(Buffer.concat([answer("200 OK", "a"), answer("200 OK", "b")]))).toThrow(
      "more has arrived",
    );
  });
});
