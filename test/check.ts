import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** What must hold before every commit. None depends on another, so all run at once. */
const gates: Readonly<Record<string, string>> = {
  types: "tsc --noEmit",
  lint: "biome check --error-on-warnings --diagnostic-level=warn .",
  boundaries: "node test/boundaries/check.ts",
  unit: "npm run --silent test:unit",
};

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: string;
}

const root = join(import.meta.dirname, "..");
const PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);

function run(command: string): Promise<Outcome> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, { cwd: root, shell: true, env: { ...process.env, PATH } });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ passed: code === 0, output, seconds: ((performance.now() - start) / 1000).toFixed(1) });
    });
  });
}

const named = process.argv.slice(2);
const results = await Promise.all(
  (named.length > 0 ? named : Object.keys(gates)).map(async (name) => {
    const command = gates[name];
    if (command === undefined) throw new Error(`No such check: ${name}. There are ${Object.keys(gates).join(", ")}.`);
    const result = await run(command);
    if (!result.passed) console.log(result.output.trimEnd());
    console.log(`${result.passed ? "ok    " : "FAILED"} ${name} ${result.seconds} s`);
    return result;
  }),
);
const failed = results.filter(({ passed }) => !passed).length;
if (failed > 0) {
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exitCode = 1;
}
