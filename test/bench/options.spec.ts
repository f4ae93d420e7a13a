import { readOptions } from "./options.ts";

test("without arguments it measures three rounds of what is usual", () => {
  expect(readOptions([])).toEqual({
    ...{ scenarios: [], all: false, quick: false },
    ...{ rounds: 3, seconds: 5, warmupSeconds: 2 },
  });
});

test("a quick look may still be told what to measure", () => {
  const options = readOptions(["place", "life", "--quick", "--rounds", "2", "--warmup", "0.5"]);
  expect(options).toMatchObject({
    scenarios: ["place", "life"],
    quick: true,
    rounds: 2,
    seconds: 3,
    warmupSeconds: 0.5,
  });
});

test.each(["0", "-1", "many"])("%p rounds are refused", (rounds) => {
  expect(() => readOptions([`--rounds=${rounds}`])).toThrow("--rounds must be a number above 0");
});
