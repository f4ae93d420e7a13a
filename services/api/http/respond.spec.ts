import { headersOfAll } from "./respond.ts";

test("browsers are told to come by TLS alone, by the whole name, where that is set", () => {
  expect(headersOfAll(31_536_000)).toMatchObject({
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
  });
  expect(headersOfAll(0)).not.toHaveProperty("Strict-Transport-Security");
});
