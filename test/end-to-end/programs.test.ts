import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findProgram } from "../../scripts/cluster/servers.ts";
import { ROOT } from "../support/process.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(60_000);

describeWithServers("a machine without redis-server", () => {
  let folder: string;
  let bin: string;
  let dataDir: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "waybill-programs-"));
    bin = path.join(folder, "bin");
    dataDir = path.join(folder, "it's data");
    await mkdir(bin);
    // All that there is on this machine.
    for (const name of ["sh", "sed", "id", "ln"]) await symlink(await whereIs(name), path.join(bin, name));
    await symlink(await whereIs("nats-server"), path.join(bin, "nats-server"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test("says what to install when there is no other way", async () => {
    const { code, output } = await run(["scripts/cluster/programs.ts"]);
    expect(code).toBe(1);
    expect(output).toContain("needs redis-server, which");
    for (const way of ["sudo apt-get install redis-server\n", "brew install redis\n", "start Docker"]) {
      expect(output).toContain(way);
    }
    expect(output).not.toMatch(/nats|^\s+at /m);
  });

  test("installs it as root on Debian, without starting a service", async () => {
    await program(
      "apt-get",
      `echo "$RUNLEVEL $*" >>${folder}/apt.log
[ "$1" != install ] || ln -s ${findProgram("redis-server")} ${bin}/redis-server`,
    );
    const { code, output } = await run(["scripts/cluster/programs.ts"]);
    if (process.getuid?.() !== 0) {
      // Anybody else is told what root may do.
      expect([code, output]).toEqual([1, expect.stringContaining("sudo apt-get install redis-server")]);
      return;
    }
    expect([code, output]).toEqual([0, expect.stringContaining(`redis-server: ${bin}/redis-server`)]);
    expect(output).toContain("Installing them: apt-get install redis-server");
    const asked = (await readFile(path.join(folder, "apt.log"), "utf8")).trim().split("\n");
    // RUNLEVEL is what keeps the packages from starting their services.
    expect(asked).toEqual(["--version", "1 update", "1 install --yes --no-install-recommends redis-server"]);
  });

  test("runs it in Docker, on the same files and on 127.0.0.1 alone", async () => {
    await program(
      "docker",
      `echo "$*" >>${folder}/docker.log
[ "$1" = run ] || exit 0
while [ "$1" != redis:8-alpine ]; do shift; done
exec ${findProgram("redis-server")} "$2"`,
    );
    const script = `
      import { createConnection } from "node:net";
      import { ensurePrograms } from "./scripts/cluster/programs.ts";
      import { startRedis } from "./scripts/cluster/servers.ts";
      const dataDir = process.env.DATA_DIR;
      await ensurePrograms({ dataDir, log: console.log });
      const redis = await startRedis({ dataDir: dataDir + "/redis", secret: "known" });
      const socket = createConnection(redis.port, "127.0.0.1");
      socket.write("AUTH known\\r\\nPING\\r\\n");
      socket.on("data", (answer) => {
        if (!String(answer).includes("PONG")) return;
        console.log("answered on", redis.port);
        socket.destroy();
        redis.stop();
      });
    `;
    const { code, output } = await run(["--input-type=module-typescript", "--eval", script]);
    const [, port] = /answered on (\d+)/.exec(output) ?? [];
    expect([code, output]).toEqual([0, expect.stringContaining("answered on")]);
    const asked = (await readFile(path.join(folder, "docker.log"), "utf8")).trim().split("\n");
    expect(asked[0]).toBe("version");
    expect(asked.at(-2)).toBe(`rm --force waybill-redis-server-${port}`);
    expect(asked.at(-1)).toContain(` --name waybill-redis-server-${port} --publish 127.0.0.1:${port}:${port} `);
    expect(asked.at(-1)).toContain(` --volume ${dataDir}:${dataDir} `);
    expect(asked.at(-1)).toMatch(/ --entrypoint redis-server redis:8-alpine .*\/redis\.conf --bind 0\.0\.0\.0$/);
  });

  /** Puts a program on the machine that is not the real one. */
  async function program(name: string, script: string): Promise<void> {
    await writeFile(path.join(bin, name), `#!${bin}/sh\n${script}\n`, { mode: 0o755 });
  }

  function run(args: string[]): Promise<{ code: number; output: string }> {
    const env = { PATH: bin, DATA_DIR: dataDir };
    return new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
      });
    });
  }
});

function whereIs(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", `PATH=$PATH:/usr/sbin; command -v ${name}`], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.trim());
    });
  });
}
