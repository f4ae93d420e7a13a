import { changeOf, figureOf, ratioOf, type ScenarioResult } from "./results.ts";

/** A platform and its baseline over rounds of `perSecond`; null for a round that was refused. */
function scenario(platform: readonly (number | null)[], baseline: readonly (number | null)[]): ScenarioResult {
  const rounds = (values: readonly (number | null)[]) =>
    values.map((perSecond) => (perSecond === null ? null : { perSecond }));
  return {
    platform: { against: "bare", rounds: rounds(platform), refused: [] },
    bare: { rounds: rounds(baseline), refused: [] },
  };
}

const platformOf = (result: ScenarioResult) => result.platform!;

describe("results", () => {
  it("divide round by round, not median by median", () => {
    const result = scenario([100, 300, 200], [200, 300, 1_000]);
    expect(ratioOf(result, platformOf(result), "perSecond")).toEqual({ median: 0.5, min: 0.2, max: 1 });
  });

  it("leave out rounds that one of the two sides was refused in", () => {
    const result = scenario([100, null, 200], [200, 300, null]);
    expect(figureOf(platformOf(result), "perSecond")?.median).toBe(150);
    expect(ratioOf(result, platformOf(result), "perSecond")?.median).toBe(0.5);
  });

  it("know no ratio without a baseline", () => {
    const result = scenario([100], [200]);
    expect(ratioOf(result, result.bare!, "perSecond")).toBeUndefined();
  });

  it("compare ratios, so that a machine that is twice as fast changes nothing", () => {
    const then = scenario([100], [200]);
    expect(changeOf(scenario([200], [400]), then, "platform", "perSecond")).toBe(1);
    expect(changeOf(scenario([300], [400]), then, "platform", "perSecond")).toBe(1.5);
  });

  it("compare the figures themselves where a ratio is missing", () => {
    expect(changeOf(scenario([300], [null]), scenario([100], [200]), "platform", "perSecond")).toBe(3);
    expect(changeOf(scenario([1], [400]), scenario([1], [200]), "bare", "perSecond")).toBe(2);
    expect(changeOf(scenario([1], [400]), undefined, "bare", "perSecond")).toBeUndefined();
  });
});
