import { type Goal, goalText, share } from "./goals.ts";

const latency: Goal = { figure: "p99", of: "value", sense: "at most", aim: 250, beyond: 100 };

test.each([
  [share(0.3, 0.5), 0.299, "≥ 0.30 not met, 0.50 not met"],
  [share(0.3, 0.5), 0.3, "≥ 0.30 met, 0.50 not met"],
  [share(0.3, 0.5), 0.6, "≥ 0.30 met, 0.50 met"],
  [share(0.9), 1, "≥ 0.90 met"],
  [latency, 250.01, "≤ 250.00 not met, 100.00 not met"],
  [latency, 99, "≤ 250.00 met, 100.00 met"],
  [latency, undefined, "≤ 250.00 not measured"],
])("of %j, %p says %p", (goal, value, text) => {
  expect(goalText(goal, value)).toBe(text);
});
