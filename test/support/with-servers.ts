import { findProgram } from "../../scripts/cluster/servers.ts";

const missing = (["nats-server", "redis-server"] as const).filter((program) => findProgram(program) === undefined);

/**
 * Tests that need the cluster's server programs. Where these are not installed, the tests say loudly that they did not
 * run; with `CI=true` that is a failure.
 */
export function describeWithServers(name: string, tests: () => void): void {
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  test(`${name}: NOT RUN, as ${missing.join(" and ")} cannot be found`, () => {
    console.warn(`${name}: NOT RUN. To install what is missing: node scripts/cluster/programs.ts`);
    expect(process.env.CI === "true" ? missing : []).toEqual([]);
  });
}
