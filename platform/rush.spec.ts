import type { ServiceBroker } from "moleculer";
import { giveWay, urgently } from "./rush.ts";

/** So long a piece that the pause after it is the longest there is. */
const LONG = 10_000;

let broker: ServiceBroker;
let stop: AbortController;
let answers: (() => void)[];

beforeEach(() => {
  broker = {} as ServiceBroker;
  stop = new AbortController();
  answers = [];
});

afterEach(() => {
  stop.abort();
  for (const answer of answers) answer();
});

/** Requests that wait for their answer. */
function requests(count: number): Promise<void>[] {
  return Array.from({ length: count }, () => urgently(broker, () => new Promise<void>((done) => answers.push(done))));
}

/** Whether work that nobody waits for goes on at once. */
async function goesOn(age = 0): Promise<boolean> {
  let gone = false;
  void giveWay(broker, LONG, age, stop.signal).then(() => {
    gone = true;
  });
  await new Promise(setImmediate);
  return gone;
}

test("a few requests hold nobody up", async () => {
  void requests(15);
  expect(await goesOn()).toBe(true);
});

test("in a rush the work behind them pauses, until its loop is stopped", async () => {
  void requests(16);
  const pause = giveWay(broker, LONG, 0, stop.signal);
  expect(await goesOn()).toBe(false);
  stop.abort();
  await pause;
});

test("a rush ends with its requests, whatever became of them", async () => {
  const inHand = requests(15);
  const failed = urgently(broker, () => Promise.reject(new Error("no stock")));
  await expect(failed).rejects.toThrow("no stock");
  expect(await goesOn()).toBe(true);
  void requests(1);
  expect(await goesOn()).toBe(false);
  for (const answer of answers) answer();
  await Promise.all(inHand);
  expect(await goesOn()).toBe(true);
});

test("the pause ends with the rush", async () => {
  const inHand = requests(16);
  const pause = giveWay(broker, LONG, 0, stop.signal);
  for (const answer of answers) answer();
  await Promise.all(inHand);
  await pause;
  expect(stop.signal.aborted).toBe(false);
});

test("what has waited long enough waits no longer", async () => {
  void requests(100);
  expect(await goesOn(15_001)).toBe(true);
});

test("a pause is no longer than its work may wait, however long the rush", async () => {
  void requests(100);
  await giveWay(broker, LONG, 0, stop.signal, 30);
  expect(stop.signal.aborted).toBe(false);
});

test("the pauses of several loops follow one another", async () => {
  void requests(100);
  const began = performance.now();
  const pauses = [5, 5, 5].map(async (took) => {
    await giveWay(broker, took, 0, stop.signal);
    return performance.now() - began;
  });
  const [first = 0, second = 0, third = 0] = await Promise.all(pauses);
  expect(first).toBeGreaterThanOrEqual(20);
  expect(second).toBeGreaterThanOrEqual(40);
  expect(third).toBeGreaterThanOrEqual(60);
});

test("a rush in another process's broker is none here", async () => {
  void requests(100);
  broker = {} as ServiceBroker;
  expect(await goesOn()).toBe(true);
});
