import { bearerToken, withBasicCredentials } from "./credentials.ts";

test.each([
  ["Bearer abc", "abc"],
  ["bearer abc", "abc"],
  ["BEARER  abc ", "abc"],
  ["Bearer ", undefined],
  ["Bearer", undefined],
  ["Basic abc", undefined],
  ["abc", undefined],
  [`Bearer ${"a".repeat(9_000)}`, undefined],
  [undefined, undefined],
])("%p brings %p", (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;

function credentials(header: string | undefined, params: Record<string, unknown> = {}) {
  withBasicCredentials(params, header);
  return params;
}

test("Basic credentials are form-encoded", () => {
  expect(credentials(basic("a%3Ab:s+%26"))).toEqual({ client_id: "a:b", client_secret: "s &" });
  expect(credentials(basic("a:"))).toEqual({ client_id: "a", client_secret: "" });
});

test("other headers leave the body's credentials alone", () => {
  expect(credentials("Bearer x", { client_id: "a" })).toEqual({ client_id: "a" });
  expect(credentials(undefined, { client_id: "a" })).toEqual({ client_id: "a" });
});

test("a client names itself in one way", () => {
  expect(credentials(basic("a:b"), { client_id: "a" })).toEqual({ client_id: "a", client_secret: "b" });
  expect(() => credentials(basic("a:b"), { client_id: "c" })).toThrow(
    expect.objectContaining({ type: "MALFORMED_REQUEST" }),
  );
  expect(() => credentials(basic("a:b"), { client_secret: "b" })).toThrow(
    expect.objectContaining({ type: "MALFORMED_REQUEST" }),
  );
});

test.each(["abc", "%:b", "a:%"])("%p cannot be read", (pair) => {
  expect(() => credentials(basic(pair))).toThrow(expect.objectContaining({ type: "invalid_client" }));
});
