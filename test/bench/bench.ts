import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { explain, stopOnSignals } from "../../scripts/lifecycle.ts";
import { BenchServer } from "./bench-server.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { report } from "./report.ts";
import { nextFile, readResults, type ScenarioResult, writeResult } from "./results.ts";
import { type Bench, type Figures, type Scenario, type Side, Unavailable } from "./scenario.ts";

/** What is run without being asked for, in the order of running. */
const USUAL = ["place", "life", "steady", "reads", "browsing", "payments", "mixed", "start"];
/** All; what comes last takes long. */
const SCENARIOS = [...USUAL, "fan-out", "cluster", "growth", "soak"];

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const names = options.scenarios.length > 0 ? options.scenarios : options.all ? SCENARIOS : USUAL;
  // What processes use is read from `/proc`.
  if (process.platform !== "linux") throw new Error("The bench runs on Linux.");
  const unknown = names.filter((name) => !SCENARIOS.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", ")}, only ${SCENARIOS.join(", ")}.\n${USAGE}`);
  const dir = await mkdtemp(path.join(tmpdir(), "waybill-bench-"));
  let server: BenchServer | undefined;
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= giveBack());
  const giveBack = async () => {
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  };
  // The other processes end by themselves once this one is gone; PostgreSQL would not.
  const { stop } = stopOnSignals(end);
  process.once("uncaughtException", (error) => {
    process.stderr.write(`${error.stack}\n`);
    stop(1);
  });
  try {
    server = await BenchServer.start(dir);
    await runAll(names, { server, options, dir });
  } finally {
    await end();
  }
}

async function runAll(names: readonly string[], bench: Bench): Promise<void> {
  const { server, options } = bench;
  const machine = await describeMachine(server);
  console.log(machineLine(machine));
  const earlier = await readResults();
  const commit = describeCommit();
  const at = new Date().toISOString();
  const scenarios: Record<string, ScenarioResult> = {};
  for (const name of names) {
    const { scenario } = (await import(`./scenarios/${name}.ts`)) as { scenario: Scenario };
    const result = await runScenario(scenario, bench);
    scenarios[name] = result;
    const last = earlier.find((one) => one.result.scenarios[name]);
    console.log(report(scenario, result, last));
    if (Object.values(result).some(({ refused }) => refused.length > 0)) process.exitCode = 1;
  }
  // What is kept for comparisons is whole; of parts, and of short looks, only what is asked for.
  const isWhole = options.scenarios.length === 0 && options.rounds >= 3 && process.exitCode !== 1;
  const file = options.out ?? (isWhole ? await nextFile(at.slice(0, 10)) : undefined);
  if (file === undefined) return;
  const { rounds, seconds, warmupSeconds } = options;
  await writeResult(file, {
    at,
    commit,
    options: { rounds, seconds, warmupSeconds },
    machine,
    scenarios,
  });
  console.log(`\nwritten to ${file}`);
}

/** A side's result while it is being made. */
interface Running {
  readonly side: Side;
  readonly rounds: (Figures | null)[];
  readonly refused: string[];
  unavailable?: string;
}

/** Runs the sides one after the other, as often as there are rounds. */
async function runScenario(scenario: Scenario, bench: Bench): Promise<ScenarioResult> {
  const { options } = bench;
  const running = scenario.sides.map((side): Running => ({ side, rounds: [], refused: [] }));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const one of running) {
      if (one.unavailable === undefined && !(one.side.once && round > 1)) await runSide(one, round, scenario, bench);
    }
  }
  return Object.fromEntries(
    running.map(({ side: { name, against }, ...result }) => [
      name,
      { ...(against !== undefined && { against }), ...result },
    ]),
  );
}

async function runSide(one: Running, round: number, scenario: Scenario, bench: Bench): Promise<void> {
  const { side } = one;
  try {
    const figures = await side.run({ ...bench, ...profileOf(bench.options, scenario, side, round) });
    one.rounds.push(figures);
    const { perSecond = figures.eventsPerSecond, seconds } = figures;
    const shown = perSecond === undefined ? `${seconds?.toFixed(2)} s` : `${perSecond.toFixed(0)} a second`;
    process.stderr.write(`${scenario.name}, round ${round}, ${side.name}: ${shown}\n`);
  } catch (error) {
    if (error instanceof Unavailable) {
      one.unavailable = error.message;
      return;
    }
    one.rounds.push(null);
    one.refused.push(`round ${round}: ${explain(error)}`);
  }
}

/** What is measured; it says so when it was changed since that commit. */
function describeCommit(): string {
  const args = ["describe", "--always", "--dirty"];
  return execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).trim();
}

function profileOf({ profile }: Options, scenario: Scenario, side: Side, round: number): { profile?: string } {
  if (profile === undefined) return {};
  const name = `${scenario.name}-${side.name.replaceAll(/\W+/g, "-")}-${round}`;
  return { profile: path.resolve(profile, name) };
}

await main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
