import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { Client, orderBody } from "../../support/client.ts";
import { freePort, ROOT } from "../../support/process.ts";
import { keepProfile, profilingTo } from "../profile.ts";
import { type Bench, type Figures, Refused, type Scenario, Unavailable } from "../scenario.ts";

/** Without what `npm run bench` has added: Node is the one that a user would have, and npm finds its own settings. */
const ENV = Object.fromEntries(
  Object.entries(process.env)
    .filter(([name]) => !/^(npm_(?!config_registry$)|NODE$|INIT_CWD$)/.test(name))
    .map(([name, value]) => [name, name === "PATH" ? withoutPackages(value ?? "") : value]),
);

function withoutPackages(searched: string): string {
  const kept = searched.split(path.delimiter).filter((dir) => !/node_modules|node-gyp-bin/.test(dir));
  return kept.join(path.delimiter);
}

/**
 * Runs npm with some of its arguments, given where profiles of it and of what it runs go, if they are wanted: npm hands
 * `node-options` to the scripts that it runs, and gets its own by how it is started.
 */
function npm(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, profiles: string | undefined): ChildProcess {
  const options = { cwd, env: { ...ENV, ...env }, stdio: ["ignore", "pipe", "pipe"] as const } satisfies SpawnOptions;
  const cli = process.env.npm_execpath;
  if (profiles === undefined || cli === undefined) return spawn("npm", args, options);
  if (args[0] === "ci") return spawn("node", [...profilingTo(profiles).split(" "), cli, ...args], options);
  return spawn("npm", args, { ...options, env: { ...options.env, npm_config_node_options: profilingTo(profiles) } });
}

/** Starts the platform with npm, does something once it says that it is ready, and stops it again. */
async function whileRunning<T>(
  cwd: string,
  dataDir: string,
  profiles: string | undefined,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const child = npm(["start"], cwd, { PORT: String(port), DATA_DIR: dataDir }, profiles);
  const closed = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8");
      if (/Waybill is ready/.test(output)) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    void closed.then(() => reject(new Refused(`it did not start: ${output.slice(-500)}`)));
  });
  const done = work(`http://127.0.0.1:${port}`);
  await done.catch(() => {});
  // Not npm: it ends at once and leaves the platform running.
  const { pid } = JSON.parse(await readFile(path.join(dataDir, "waybill.lock"), "utf8")) as { pid: number };
  process.kill(pid, "SIGTERM");
  await closed;
  if (existsSync(path.join(dataDir, "postgres/postmaster.pid"))) throw new Refused(`it left its PostgreSQL: ${output}`);
  return done;
}

/** `npm start` on a data folder until it says that it is ready, npm itself included. */
async function start(dataDir: string, profiles?: string): Promise<Figures> {
  const since = performance.now();
  return whileRunning(ROOT, dataDir, profiles, async (url) => {
    const seconds = (performance.now() - since) / 1_000;
    const { status } = await new Client(url).get("/health/ready");
    if (status !== 200) throw new Refused(`it says that it is ready, and answers ${status}`);
    return { seconds };
  });
}

/** @param before how often it was started on the folder before */
function starts(before: number): (bench: Bench) => Promise<Figures> {
  return async ({ dir, profile }) => {
    const dataDir = await mkdtemp(path.join(dir, "start-"));
    for (let i = 0; i < before; i += 1) await start(dataDir);
    const profiles = profile && (await mkdtemp(path.join(dir, "profiles-")));
    const figures = await start(dataDir, profiles);
    if (profiles) await keepProfile(profiles, `${profile}.cpuprofile`);
    await rm(dataDir, { recursive: true, force: true });
    return figures;
  };
}

/** In a fresh copy with an empty cache: `npm ci`, `npm start`, and an order that is accepted. */
async function install({ dir, profile }: Bench): Promise<Figures> {
  const copy = await mkdtemp(path.join(dir, "install-"));
  await copyTo(copy);
  const profiles = profile && (await mkdtemp(path.join(dir, "profiles-")));
  const since = performance.now();
  await npmCi(copy, path.join(copy, ".npm-cache"), profiles);
  const seconds = await whileRunning(copy, path.join(copy, ".data"), undefined, async (url) => {
    const shop = await new Client(url).as("demo-shop");
    const { status, text } = await shop.post("/api/v1/orders", orderBody(), "first-order");
    if (status !== 201) throw new Refused(`the first order was answered ${status}: ${text}`);
    return (performance.now() - since) / 1_000;
  });
  await rm(copy, { recursive: true, force: true });
  if (profiles) await keepProfile(profiles, `${profile}.cpuprofile`);
  return { seconds };
}

/** All files that a commit of everything would hold. */
async function copyTo(copy: string): Promise<void> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\0");
  for (const file of files.filter((name) => name !== "" && existsSync(path.join(ROOT, name))))
    await cp(path.join(ROOT, file), path.join(copy, file));
}

async function npmCi(cwd: string, cache: string, profiles: string | undefined): Promise<void> {
  const child = npm(["ci"], cwd, { npm_config_cache: cache }, profiles);
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Unavailable(`npm ci ended with ${code}: ${output.slice(-300)}`);
}

export const scenario: Scenario = {
  name: "start",
  what: "npm start until it is ready; and npm ci, npm start and the first order in a fresh copy without npm's cache",
  sides: [
    {
      name: "npm start, a new folder",
      goals: [{ figure: "seconds", of: "value", sense: "at most", aim: 4 }],
      run: starts(0),
    },
    {
      name: "npm start, again",
      goals: [{ figure: "seconds", of: "value", sense: "at most", aim: 2, beyond: 1 }],
      run: starts(1),
    },
    {
      name: "npm ci to the first order",
      goals: [{ figure: "seconds", of: "value", sense: "at most", aim: 15 }],
      once: true,
      run: install,
    },
  ],
};
