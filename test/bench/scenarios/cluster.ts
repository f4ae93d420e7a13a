import { clusterOf } from "../cluster-launch.ts";
import { Platform, type StartPlatform } from "../platform.ts";
import type { Bench, Figures, Scenario, Side } from "../scenario.ts";
import { life } from "./life.ts";
import { place } from "./place.ts";

type Work = (bench: Bench, start?: StartPlatform) => Promise<Figures>;

/** One process without a bus, and the same work on nodes with one. */
function sides(name: string, work: Work): Side[] {
  const one = `${name}, one process`;
  const cluster = (pairs: number): Side => ({
    name: `${name}, ${pairs * 2} nodes on NATS`,
    against: one,
    run: (bench) => work(bench, () => Platform.start(bench, { launch: clusterOf(pairs) })),
  });
  return [{ name: one, run: (bench) => work(bench) }, cluster(1), cluster(2)];
}

export const scenario: Scenario = {
  name: "cluster",
  what: "what the bus costs: half of the nodes hold what placing needs, half the rest; on the same machine",
  sides: [...sides("placing", place), ...sides("whole lives", life)],
};
