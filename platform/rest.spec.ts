import { Rest } from "./rest.ts";

const LONG = 60_000;

test("a pause ends with its time", async () => {
  await new Rest().for(1);
});

test("a pause ends when it is ended", async () => {
  const rest = new Rest();
  const pause = rest.for(LONG);
  rest.end();
  await pause;
});

test("what is ended before it begins is a pause all the same, and so is the one after it", async () => {
  const rest = new Rest();
  rest.end();
  let pauses = 0;
  const resting = (async () => {
    await rest.for(LONG);
    pauses++;
    await rest.for(LONG);
    pauses++;
  })();
  await new Promise(setImmediate);
  expect(pauses).toBe(0);
  rest.end();
  rest.end();
  await new Promise(setImmediate);
  expect(pauses).toBe(1);
  rest.end();
  await resting;
  expect(pauses).toBe(2);
});
