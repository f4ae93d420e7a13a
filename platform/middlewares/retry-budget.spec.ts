import { RetryBudget } from "./retry-budget.ts";

function spendAll(budget: RetryBudget): number {
  let spent = 0;
  while (budget.spend()) spent++;
  return spent;
}

test("of five calls one may be made again", () => {
  const budget = new RetryBudget();
  spendAll(budget);
  let again = 0;
  for (let call = 0; call < 1_000; call++) {
    budget.earn();
    // Every call fails.
    if (budget.spend()) again++;
  }
  expect(again).toBeGreaterThanOrEqual(199);
  expect(again).toBeLessThanOrEqual(200);
});

test("a sudden loss finds a reserve, which does not grow without end", () => {
  const budget = new RetryBudget();
  for (let call = 0; call < 100_000; call++) budget.earn();
  expect(spendAll(budget)).toBe(100);
});
