import { Errors } from "moleculer";
import { idempotencyInFlight, notFound, rateLimited, validationFailed } from "../../../platform/errors.ts";
import { invalidClient } from "../../auth/contract.ts";
import { orderOutOfStock } from "../../orders/contract.ts";
import { answerTo, isAboutInput, oauthError, problemBody } from "./problem.ts";

const body = (error: unknown) => JSON.parse(problemBody(answerTo(error), "r-1"));

test("a problem is shown with its members", () => {
  const lines = [{ sku: "A", requested: 2, available: 1 }];
  expect(body(orderOutOfStock({ lines }))).toEqual({
    type: "/docs/errors#OUT_OF_STOCK",
    title: "Not all lines are available.",
    status: 409,
    code: "OUT_OF_STOCK",
    requestId: "r-1",
    lines,
  });
});

test("a validation's fields are named", () => {
  const errors = [{ path: "/items/0/quantity", message: "is required" }];
  expect(body(validationFailed({ detail: "No.", errors }))).toMatchObject({ status: 422, detail: "No.", errors });
});

test("an extension cannot take the place of a member of the standard", () => {
  expect(body(notFound({ status: 200, code: "OK", type: "x", requestId: "y" }))).toMatchObject({
    type: "/docs/errors#NOT_FOUND",
    status: 404,
    code: "NOT_FOUND",
    requestId: "r-1",
  });
});

test("when to come back is a header, not a member", () => {
  const answer = answerTo(idempotencyInFlight({ retryAfter: 3 }));
  expect(answer.details.retryAfter).toBe(3);
  expect(JSON.parse(problemBody(answer, "r-1"))).not.toHaveProperty("retryAfter");
});

test("a problem from another node has lost its class alone", () => {
  const { message, name, code, type, data } = notFound({ detail: "Gone." });
  const remote = Object.assign(new Errors.MoleculerError(message, code, type, data), { name });
  expect(body(remote)).toEqual(body(notFound({ detail: "Gone." })));
});

test.each([
  new Errors.ServiceNotFoundError({ action: "orders.get" }),
  new Errors.ServiceNotAvailableError({ action: "orders.get" }),
  new Errors.RequestTimeoutError({ action: "orders.get", nodeID: "n" }),
  new Errors.RequestSkippedError({ action: "orders.get", nodeID: "n" }),
  new Errors.RequestRejectedError({ action: "orders.get", nodeID: "n" }),
  new Errors.QueueIsFullError({ action: "orders.get", nodeID: "n", size: 1, limit: 1 }),
])("$name says that a part is away", (error) => {
  const answer = answerTo(error);
  expect(answer).toMatchObject({ status: 503, code: "UNAVAILABLE", details: { retryAfter: 5 }, unforeseen: false });
  expect(problemBody(answer, "r-1")).not.toContain("orders.get");
});

test.each([
  new Error("password of postgres is hunter2"),
  new TypeError("cannot read x of undefined"),
  Object.assign(new Error("duplicate key"), { code: "23505", detail: "Key (email)=(ada@example.com)" }),
  new Errors.MoleculerError("internal", 418, "TEAPOT", { secret: 1 }),
  new Errors.ValidationError("wrong", "X", { secret: 1 }),
  "a text",
  undefined,
  null,
])("of %p nothing is told", (error) => {
  const answer = answerTo(error);
  expect(answer).toMatchObject({ status: 500, code: "INTERNAL_ERROR", unforeseen: true });
  expect(Object.keys(JSON.parse(problemBody(answer, "r-1")))).toEqual(["type", "title", "status", "code", "requestId"]);
});

test("what is wrong with the input waits for the object's existence", () => {
  expect(isAboutInput(answerTo(validationFailed()))).toBe(true);
  expect(isAboutInput(answerTo(notFound()))).toBe(false);
  expect(isAboutInput(answerTo(new Error("x")))).toBe(false);
});

describe("on the token routes", () => {
  const oauth = (error: unknown) => {
    const { status, body } = oauthError(answerTo(error));
    return { status, ...JSON.parse(body) };
  };

  test("codes of RFC 6749 stay", () => {
    expect(oauth(invalidClient())).toEqual({
      status: 401,
      error: "invalid_client",
      error_description: "The client is not known, or its secret is wrong.",
    });
  });

  test("the platform's own become the nearest", () => {
    expect(oauth(validationFailed({ errors: [{ path: "/scope", message: 'is "ä"' }] }))).toEqual({
      status: 400,
      error: "invalid_request",
      error_description: "/scope is '''",
    });
    expect(oauth(rateLimited())).toMatchObject({ status: 429, error: "temporarily_unavailable" });
    expect(oauth(new Error("x"))).toMatchObject({ status: 500, error: "server_error" });
  });
});
