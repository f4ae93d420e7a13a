import { Problem } from "../../../platform/errors.ts";
import type { Ctx } from "../../../platform/service.ts";
import { GuessLimit } from "./guess-limit.ts";

let now = 0;
const clock = () => now;
const wrong = async () => false;
const right = async () => true;

beforeEach(() => {
  now = 1_000_000;
});

async function outcome(attempt: Promise<boolean>): Promise<"right" | "wrong" | number> {
  try {
    return (await attempt) ? "right" : "wrong";
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

async function fail(limit: GuessLimit, times: number, key = "a"): Promise<void> {
  for (let i = 0; i < times; i++) expect(await outcome(limit.attempt(key, clock, wrong))).toBe("wrong");
}

test("the 21st wrong secret within a minute is not looked at", async () => {
  const limit = new GuessLimit();
  await fail(limit, 20);
  const check = jest.fn(right);
  expect(await outcome(limit.attempt("a", clock, check))).toBe(429);
  expect(check).not.toHaveBeenCalled();
});

test("it says when the next one may come, and that is true", async () => {
  const limit = new GuessLimit();
  await fail(limit, 1);
  now += 10_000;
  await fail(limit, 19);
  const refusal = await limit.attempt("a", clock, right).catch((error: Problem) => error.details.retryAfter);
  expect(refusal).toBe(50);
  now += 50_000;
  expect(await outcome(limit.attempt("a", clock, right))).toBe("right");
});

test("another client or address is another matter", async () => {
  const limit = new GuessLimit();
  await fail(limit, 20);
  expect(await outcome(limit.attempt("b", clock, right))).toBe("right");
});

test("right secrets are never counted, however many come at once", async () => {
  const limit = new GuessLimit();
  const all = await Promise.all(Array.from({ length: 200 }, () => outcome(limit.attempt("a", clock, right))));
  expect(all).toEqual(Array.from({ length: 200 }, () => "right"));
});

test("of many wrong ones at once, 20 are looked at", async () => {
  const limit = new GuessLimit();
  const check = jest.fn(wrong);
  const all = await Promise.all(Array.from({ length: 100 }, () => outcome(limit.attempt("a", clock, check))));
  expect(all.filter((one) => one === "wrong")).toHaveLength(20);
  expect(all.filter((one) => one === 429)).toHaveLength(80);
  expect(check).toHaveBeenCalledTimes(20);
});

test("a check that breaks counts for nothing", async () => {
  const limit = new GuessLimit();
  const broken = () => Promise.reject(new Error("the database is away"));
  for (let i = 0; i < 50; i++) await expect(limit.attempt("a", clock, broken)).rejects.toThrow("away");
  expect(await outcome(limit.attempt("a", clock, right))).toBe("right");
});

test("of very many subjects the ones that failed last are known", async () => {
  const limit = new GuessLimit();
  await fail(limit, 20, "first");
  for (let i = 0; i < 50_000; i++) await limit.attempt(`subject ${i}`, clock, wrong);
  expect(await outcome(limit.attempt("first", clock, right))).toBe("right");
  await fail(limit, 19, "subject 49999");
  expect(await outcome(limit.attempt("subject 49999", clock, right))).toBe(429);
});

test("a lock is told of once, and again when it is another", async () => {
  const told = jest.fn();
  const limit = new GuessLimit(undefined, 20, told);
  const guess = () => limit.attemptIn({ meta: {} } as Ctx, "a", clock, wrong).catch(() => {});
  for (let i = 0; i < 20; i++) await guess();
  expect(told).not.toHaveBeenCalled();
  for (let i = 0; i < 5; i++) await guess();
  expect(told).toHaveBeenCalledTimes(1);
  now += 60_000;
  for (let i = 0; i < 25; i++) await guess();
  expect(told).toHaveBeenCalledTimes(2);
});
