import { coalesce } from "./coalesce.ts";
import { conflict, unavailable } from "./errors.ts";

/** A `runSet` that notes its sets and ends when it is told. */
function stepped() {
  const sets: number[][] = [];
  const ends: (() => void)[] = [];
  const runSet = (items: readonly number[]) =>
    new Promise<number[]>((resolve) => {
      sets.push([...items]);
      ends.push(() => resolve(items.map((item) => item * 10)));
    });
  const endSet = async () => {
    ends.shift()?.();
    await settled();
  };
  return { sets, runSet, endSet };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("coalesce", () => {
  test("a lone item is a set of one and waits for nothing", async () => {
    const { sets, runSet, endSet } = stepped();
    const run = coalesce(runSet, { max: 8 });
    const answer = run(1);
    await settled();
    expect(sets).toEqual([[1]]);
    await endSet();
    await expect(answer).resolves.toBe(10);
  });

  test("when too many wait, the next one is refused and those before it are done", async () => {
    const { sets, runSet, endSet } = stepped();
    const run = coalesce(runSet, { max: 2, mostWaiting: 3 });
    const first = run(0);
    await settled();
    const waiting = [run(1), run(2), run(3)];
    await expect(run(4)).rejects.toMatchObject({ type: "QUEUE_FULL" });
    await endSet();
    await expect(first).resolves.toBe(0);
    const late = run(5);
    await endSet();
    await endSet();
    await expect(Promise.all([...waiting, late])).resolves.toEqual([10, 20, 30, 50]);
    expect(sets).toEqual([[0], [1, 2], [3, 5]]);
  });

  test("what is asked in one go is one set", async () => {
    const { sets, runSet, endSet } = stepped();
    const run = coalesce(runSet, { max: 8 });
    const answers = [run(1), run(2), run(3)];
    await settled();
    await endSet();
    await expect(Promise.all(answers)).resolves.toEqual([10, 20, 30]);
    expect(sets).toEqual([[1, 2, 3]]);
  });

  test("what arrives while a set runs is the next set, in sets of at most `max`", async () => {
    const { sets, runSet, endSet } = stepped();
    const run = coalesce(runSet, { max: 2 });
    const first = run(1);
    await settled();
    const others = [run(2), run(3), run(4)];
    await settled();
    expect(sets).toEqual([[1]]);
    await endSet();
    expect(sets).toEqual([[1], [2, 3]]);
    await endSet();
    await endSet();
    expect(sets).toEqual([[1], [2, 3], [4]]);
    await expect(Promise.all([first, ...others])).resolves.toEqual([10, 20, 30, 40]);
  });

  test("goes on after it has been idle", async () => {
    const run = coalesce(async (items: readonly number[]) => items, { max: 2 });
    await expect(run(1)).resolves.toBe(1);
    await settled();
    await expect(run(2)).resolves.toBe(2);
  });

  test("of a set that fails only the culprit fails", async () => {
    const sets: number[][] = [];
    const run = coalesce(
      async (items: readonly number[]) => {
        sets.push([...items]);
        if (items.includes(2)) throw conflict();
        return items;
      },
      { max: 8 },
    );
    const answers = await Promise.allSettled([run(1), run(2), run(3)]);
    expect(answers.map((answer) => answer.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(sets).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  test("when the database is away all fail at once, and the next set is tried", async () => {
    let away = true;
    let runs = 0;
    const run = coalesce(
      async (items: readonly number[]) => {
        runs++;
        if (away) throw unavailable();
        return items;
      },
      { max: 8 },
    );
    const answers = await Promise.allSettled([run(1), run(2), run(3)]);
    expect(answers.every((answer) => answer.status === "rejected")).toBe(true);
    expect(runs).toBe(1);
    away = false;
    await expect(run(4)).resolves.toBe(4);
  });

  test("when the database goes away between single attempts the rest fails with it", async () => {
    let runs = 0;
    const run = coalesce(
      async (items: readonly number[]) => {
        runs++;
        if (items.length > 1) throw conflict();
        if (items[0] === 2) throw unavailable();
        return items;
      },
      { max: 8 },
    );
    const answers = await Promise.allSettled([run(1), run(2), run(3)]);
    expect(answers.map((answer) => answer.status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(runs).toBe(3);
  });

  test("a set with too few results fails rather than leave somebody waiting", async () => {
    const run = coalesce(async () => [] as number[], { max: 8 });
    await expect(run(1)).rejects.toThrow("0 results for 1 items");
  });
});
