import { setImmediate as breathe } from "node:timers/promises";
import { Turns } from "./turns.ts";

test("a few run at a time, the others in the order of asking", async () => {
  const turns = new Turns(2, 10);
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const runs = [0, 1, 2, 3].map((i) =>
    turns.run(async () => {
      begun.push(i);
      await new Promise<void>((resolve) => ends.push(resolve));
      return i;
    }),
  );
  expect(begun).toEqual([0, 1]);
  ends[1]!();
  await breathe();
  expect(begun).toEqual([0, 1, 2]);
  ends[0]!();
  ends[2]!();
  await breathe();
  ends[3]!();
  expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
});

test("work that fails gives its place on", async () => {
  const turns = new Turns(1, 10);
  const failing = turns.run(() => Promise.reject(new Error("no")));
  const next = turns.run(async () => "done");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
});

test("when too many wait, the next one is refused", async () => {
  const turns = new Turns(1, 1);
  let end = () => {};
  const first = turns.run(() => new Promise<void>((resolve) => (end = resolve)));
  const second = turns.run(async () => {});
  await expect(turns.run(async () => {})).rejects.toMatchObject({ type: "QUEUE_FULL" });
  end();
  await Promise.all([first, second]);
});
