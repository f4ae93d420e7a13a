import { share } from "./goals.ts";
import { report } from "./report.ts";
import type { ScenarioResult } from "./results.ts";
import type { Scenario } from "./scenario.ts";

const run = () => Promise.reject(new Error("not run"));
const scenario: Scenario = {
  name: "place",
  what: "an operation is an order",
  sides: [
    { name: "platform", against: "bare", goals: [share(0.3, 0.5)], run },
    { name: "bare", run },
  ],
};
const side = (...perSecond: number[]) => ({
  rounds: perSecond.map((one) => ({ perSecond: one, fsyncs: 0 })),
  refused: [],
});
const result: ScenarioResult = {
  platform: { against: "bare", ...side(3_000, 4_000, 3_500) },
  bare: side(7_000, 8_000, 7_000),
};
const machine = { cores: 2, processor: "", node: "", postgres: "", load: 0, commitMs: 1 };
const options = { rounds: 3, seconds: 6, warmupSeconds: 2 };

describe("the report", () => {
  it("lays a side beside the other, with ratio, spread and goal, and leaves out what is 0", () => {
    expect(report(scenario, result, undefined)).toBe(
      `
== place: an operation is an order

  A  platform     B  bare
                           A            B       A / B       goal
  operations a second  3,500  ±14%  7,000  ±7%  0.500  ±7%  ≥ 0.30 met, 0.50 met`,
    );
  });

  it("compares with an earlier result", () => {
    const then = { platform: { against: "bare", ...side(1_000) }, bare: side(4_000) };
    const earlier = { name: "1.json", result: { at: "", commit: "", options, machine, scenarios: { place: then } } };
    expect(report(scenario, result, earlier)).toMatch(/since {2}1\.json\n.*since\n.* x 2\.00$/);
  });

  it("says what is missing, and why", () => {
    const bare = { rounds: [], refused: [], unavailable: "there is no pgbench here" };
    const platform = { against: "bare", rounds: [null], refused: ["round 1: lost an order"] };
    expect(report(scenario, { platform, bare }, undefined)).toBe(
      `
== place: an operation is an order
  REFUSED  platform: round 1: lost an order
  NOT RUN  bare: there is no pgbench here`,
    );
  });
});
