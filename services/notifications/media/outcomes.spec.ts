import { outcomeOf as ofHttp } from "./http-provider.ts";
import { outcomeOf as ofSmtp } from "./smtp.ts";

test.each([
  ["EENVELOPE", 550, "refused"],
  ["EMESSAGE", 554, "refused"],
  ["EENVELOPE", 450, "later"],
  ["EMESSAGE", 452, "later"],
  ["EENVELOPE", 421, "broken"],
  ["EAUTH", 535, "broken"],
  ["EPROTOCOL", 554, "broken"],
  ["ECONNECTION", undefined, "broken"],
  ["ETIMEDOUT", undefined, "broken"],
  ["ETLS", undefined, "broken"],
])("mail that ends with %s %s is %s", (code, responseCode, what) => {
  const outcome = ofSmtp({ code, ...(responseCode !== undefined && { responseCode }) });
  expect(what).toBe(outcome.kind === "retry" ? (outcome.broken ? "broken" : "later") : outcome.kind);
  expect((outcome as { reason: string }).reason).toBe(`SMTP_${responseCode ?? code}`);
});

test.each([
  [200, null, { kind: "delivered" }],
  [202, null, { kind: "delivered" }],
  [429, "7", { kind: "retry", reason: "HTTP_429", broken: true, afterMs: 7_000 }],
  [500, null, { kind: "retry", reason: "HTTP_500", broken: true }],
  [503, "Sat, 21 Nov 2026 10:00:30 GMT", { kind: "retry", reason: "HTTP_503", broken: true, afterMs: 30_000 }],
  [503, "later", { kind: "retry", reason: "HTTP_503", broken: true }],
  [401, null, { kind: "retry", reason: "HTTP_401", broken: true }],
  [400, null, { kind: "refused", reason: "HTTP_400" }],
  [422, null, { kind: "refused", reason: "HTTP_422" }],
])("an answer of %s with Retry-After %s", (status, retryAfter, outcome) => {
  expect(ofHttp(status, retryAfter, "2026-11-21T10:00:00.000Z")).toEqual(outcome);
});
