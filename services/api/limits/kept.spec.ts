import { Kept } from "./kept.ts";

let now: number;
let answers: PromiseWithResolvers<string>[];
let kept: Kept<string>;
beforeEach(() => {
  now = 0;
  answers = [];
  const ask = () => {
    const answer = Promise.withResolvers<string>();
    answers.push(answer);
    return answer.promise;
  };
  kept = new Kept("nothing yet", ask, () => now);
});

test("an answer is waited for once, and then given at once", async () => {
  const first = [kept.get(), kept.get()];
  answers[0]?.resolve("one");
  expect(await Promise.all(first)).toEqual(["one", "one"]);
  now += 2_999;
  expect([kept.get(), answers.length]).toEqual(["one", 1]);
});

test("an old one is given while the next is asked for", async () => {
  void kept.get();
  answers[0]?.resolve("one");
  await kept.get();
  now += 3_000;
  expect([kept.get(), kept.get(), answers.length]).toEqual(["one", "one", 2]);
  answers[1]?.resolve("two");
  await new Promise(setImmediate);
  expect(kept.get()).toBe("two");
});

test("who cannot be asked is not asked again for each request", async () => {
  const first = kept.get();
  answers[0]?.reject(new Error("away"));
  expect([await first, kept.get(), answers.length]).toEqual(["nothing yet", "nothing yet", 1]);
  now += 3_000;
  void kept.get();
  answers[1]?.resolve("one");
  await new Promise(setImmediate);
  now += 3_000;
  void kept.get();
  answers[2]?.reject(new Error("away"));
  await new Promise(setImmediate);
  expect([kept.get(), kept.last]).toEqual(["one", "one"]);
});

test("one that is out of date is not given again, nor one that was on its way", async () => {
  void kept.get();
  answers[0]?.resolve("one");
  await kept.get();
  now += 3_000;
  void kept.get();
  kept.outdate();
  const next = kept.get();
  answers[1]?.resolve("on its way");
  answers[2]?.resolve("two");
  expect(await next).toBe("two");
  expect(kept.get()).toBe("two");
});
