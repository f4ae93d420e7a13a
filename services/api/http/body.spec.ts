import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { readBody } from "./body.ts";

/** A request whose body arrives in pieces. */
function request(headers: Record<string, string>, pieces: readonly (string | Buffer)[]): IncomingMessage {
  const stream = new PassThrough();
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return Object.assign(stream, { headers }) as unknown as IncomingMessage;
}

const JSON_HEADERS = { "content-type": "application/json", "transfer-encoding": "chunked" };
const read = (pieces: readonly (string | Buffer)[], headers: Record<string, string> = JSON_HEADERS, forms = false) =>
  readBody(request(headers, pieces), forms);
const code = (type: string) => expect.objectContaining({ type });

test("an object comes as it is, in however many pieces", async () => {
  const bytes = Buffer.from('{"a":"ä"}');
  expect(await read([bytes.subarray(0, 7), bytes.subarray(7)])).toEqual({ a: "ä" });
});

test("no body is an empty object", async () => {
  expect(await read([], {})).toEqual({});
  expect(await read([], { "content-length": "0", "content-type": "text/plain" })).toEqual({});
  expect(await read([], { "transfer-encoding": "chunked" })).toEqual({});
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  'application/json;charset="UTF-8"',
  "application/merge-patch+json",
])("%s is JSON", async (type) => {
  expect(await read(["{}"], { ...JSON_HEADERS, "content-type": type })).toEqual({});
});

test.each([
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json; charset=latin1",
  "",
])("%p is not", async (type) => {
  await expect(read(["{}"], { ...JSON_HEADERS, "content-type": type })).rejects.toEqual(code("UNSUPPORTED_MEDIA_TYPE"));
  await expect(read(["{}"], { "content-type": type, "content-length": "2" })).rejects.toEqual(
    code("UNSUPPORTED_MEDIA_TYPE"),
  );
});

test("a compressed body is refused: it may be of any size", async () => {
  await expect(read(["{}"], { ...JSON_HEADERS, "content-encoding": "gzip" })).rejects.toEqual(
    code("UNSUPPORTED_MEDIA_TYPE"),
  );
});

test("forms are taken where they are asked for", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": "7" };
  expect(await read(["a=1&b=+"], headers, true)).toEqual({ a: "1", b: " " });
});

test.each(["{", '{"a":NaN}', "{a:1}", '{"a":1,}', "\uFEFF{}"])("%p is not JSON", async (text) => {
  await expect(read([text])).rejects.toEqual(code("MALFORMED_REQUEST"));
});

test("what is not UTF-8 is refused", async () => {
  await expect(read([Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])])).rejects.toEqual(code("MALFORMED_REQUEST"));
});

test.each(["[]", "null", '"a"', "1", "true"])("%s is no object", async (text) => {
  await expect(read([text])).rejects.toMatchObject({ type: "VALIDATION_FAILED", data: { errors: [{ path: "" }] } });
});

test("256 kB are taken, one byte more is not", async () => {
  const fill = (length: number) => `{"a":"${"x".repeat(length - 8)}"}`;
  expect(await read([fill(256 * 1024)])).toHaveProperty("a");
  await expect(read([fill(256 * 1024 + 1)])).rejects.toEqual(code("BODY_TOO_LARGE"));
});

test("a body that says that it is too large is not read", async () => {
  const req = request({ "content-type": "application/json", "content-length": "300000" }, ["{"]);
  await expect(readBody(req, false)).rejects.toEqual(code("BODY_TOO_LARGE"));
});

test.each(['{"a":', "["])("a hundred thousand times %s breaks nothing", async (opening) => {
  const text = `{"a":${opening.repeat(50_000)}1${(opening === "[" ? "]" : "}").repeat(50_000)}}`;
  await expect(read([text])).rejects.toEqual(code(text.length > 256 * 1024 ? "BODY_TOO_LARGE" : "VALIDATION_FAILED"));
});

test("a body that breaks off is refused", async () => {
  const stream = new PassThrough();
  const reading = readBody(Object.assign(stream, { headers: JSON_HEADERS }) as unknown as IncomingMessage, false);
  stream.write('{"a":');
  stream.destroy();
  await expect(reading).rejects.toEqual(code("MALFORMED_REQUEST"));
});
