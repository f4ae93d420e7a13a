import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { chooseLauncher, giveTo } from "./embedded-postgres/account.ts";
import { findBinaries } from "./embedded-postgres/binaries.ts";
import { makeCluster } from "./embedded-postgres/cluster.ts";
import { isPostmaster } from "./embedded-postgres/pid-file.ts";
import { launch, stop } from "./embedded-postgres/postmaster.ts";
import { isAlive } from "./embedded-postgres/processes.ts";
import {
  type DataDirInUse,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  lockDataDir,
  startEmbeddedPostgres,
} from "./embedded-postgres.ts";

jest.setTimeout(60_000);

const asRoot = process.getuid?.() === 0;
const entry = pathToFileURL(join(import.meta.dirname, "embedded-postgres.ts")).href;
const folders: string[] = [];
const dataDirs = new Set<string>();
const children = new Set<ChildProcess>();

/** A folder that anyone may pass, as a checkout's usually is; `mkdtemp` makes it 0700. */
async function folder(mode = 0o755): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "waybill-pg-")));
  await chmod(path, mode);
  folders.push(path);
  return path;
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  dataDirs.add(options.dataDir);
  return startEmbeddedPostgres(options);
}

async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
}

async function query(server: { url(database: string): string }, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.url("postgres"));
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs code of an ES module in a process of its own; its lines come one by one. */
function inChild(code: string, as: { uid?: number; gid?: number } = {}) {
  const prelude = `import { startEmbeddedPostgres, lockDataDir } from ${JSON.stringify(entry)};`;
  const args = ["--input-type=module", "-e", prelude + code];
  const child = spawn(process.execPath, args, { ...as, cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
  children.add(child);
  const ended = once(child, "exit").then(() => children.delete(child));
  let complaints = "";
  child.stderr.on("data", (data) => {
    complaints += data;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    say: (text: string) => child.stdin.write(`${text}\n`),
    async hear() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The child ended: ${complaints}`);
      return JSON.parse(value);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function startInChild(dataDir: string, more = "", as = {}) {
  dataDirs.add(dataDir);
  return inChild(
    `const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
     ${more}
     console.log(JSON.stringify({ ...server, uid: process.getuid() }));
     process.stdin.resume();`,
    as,
  );
}

/** The servers that run, of all folders that were used since the last look. */
async function leftServers(): Promise<number[]> {
  const left = [];
  for (const dataDir of dataDirs) {
    const pid = await postmasterOf(dataDir).catch(() => 0);
    if (pid > 0 && isAlive(pid) && (await isPostmaster(pid, join(dataDir, "postgres")))) left.push(pid);
  }
  dataDirs.clear();
  return left;
}

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  const left = await leftServers();
  for (const pid of left) process.kill(pid, "SIGKILL");
  while (left.some(isAlive)) await sleep(10);
  for (const path of folders.splice(0)) await rm(path, { recursive: true, force: true, maxRetries: 20 });
  expect(left).toEqual([]);
});

describe("a start on a new folder", () => {
  it("makes a durable UTF-8 server on 127.0.0.1 with a password, and writes nothing but its layout", async () => {
    const dataDir = join(await folder(), "made", "here");
    const server = await start({ dataDir });

    const [row] = await query(
      server,
      `select current_user as me, inet_server_addr() as address, pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datlocale as locale,
         current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('jit') as jit,
         current_setting('max_connections') as connections, current_setting('unix_socket_directories') as sockets, current_setting('timezone') as zone
       from pg_database where datname = current_database()`,
    );
    expect(row).toEqual({
      me: "waybill",
      address: "127.0.0.1",
      encoding: "UTF8",
      provider: "b",
      locale: "C.UTF-8",
      fsync: "on",
      commit: "on",
      jit: "off",
      connections: "200",
      sockets: "",
      zone: "UTC",
    });
    expect(server).toMatchObject({ host: "127.0.0.1", user: "waybill", adopted: false });
    expect((await readdir(dataDir)).sort()).toEqual(["postgres", "postgres.log", "postgres.secret"]);
    expect((await stat(join(dataDir, "postgres.secret"))).mode & 0o777).toBe(0o600);

    const stranger = { url: (database: string) => server.url(database).replace(server.password, "guess") };
    await expect(query(stranger, "select 1")).rejects.toMatchObject({ code: "28P01" });

    // A session of its own, without a terminal: Ctrl-C and hang-up do not reach it.
    if (process.platform === "linux") {
      const pid = await postmasterOf(dataDir);
      const [, , group, session, terminal] =
        (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
      expect([group, session, terminal]).toEqual([String(pid), String(pid), "0"]);
    }
    await server.stop();
  });

  it("takes settings over the defaults", async () => {
    const server = await start({
      dataDir: await folder(),
      settings: { max_connections: "20", "waybill.note": "it's here" },
    });
    expect(
      await query(server, "select current_setting('max_connections') as n, current_setting('waybill.note') as note"),
    ).toEqual([{ n: "20", note: "it's here" }]);
    await server.stop();
  });

  it("starts again after a kill in the midst of initdb", async () => {
    const dataDir = await folder();
    const child = startInChild(dataDir);
    while (!(await readdir(dataDir)).some((name) => name.startsWith("postgres.new-"))) await sleep(5);
    await sleep(100);
    await child.kill();
    expect(await readdir(dataDir)).not.toContain("postgres");

    const server = await start({ dataDir });
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).sort()).toEqual(["postgres", "postgres.log", "postgres.secret"]);
    await server.stop();
  });

  it("runs several in one process", async () => {
    const all = await Promise.all(
      [1, 2, 3].map(async () => start({ dataDir: await folder(), settings: { shared_buffers: "16MB" } })),
    );
    expect(new Set(all.map((server) => server.port)).size).toBe(3);
    await Promise.all(all.map((server) => query(server, "select 1")));
    await Promise.all(all.map((server) => server.stop()));
  });
});

describe("a start that cannot succeed", () => {
  it("tells the end of the log", async () => {
    await expect(start({ dataDir: await folder(), settings: { shared_buffers: "many" } })).rejects.toThrow(
      /did not start: exit code 1.*shared_buffers/s,
    );
  });

  it("tells that the wanted port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await expect(start({ dataDir: await folder(), settings: { port: String(port) } })).rejects.toThrow(
      /Address already in use/,
    );
    other.close();
  });

  it("tells that the secret of an existing server is gone", async () => {
    const dataDir = await folder();
    await (await start({ dataDir })).stop();
    await rm(join(dataDir, "postgres.secret"));
    await expect(start({ dataDir })).rejects.toThrow(/postgres\.secret is missing/);
  });

  it("leaves a folder alone that is none of PostgreSQL's", async () => {
    const dataDir = await folder();
    await mkdir(join(dataDir, "postgres"));
    await writeFile(join(dataDir, "postgres", "letter"), "dear");
    await expect(start({ dataDir })).rejects.toThrow(/no PostgreSQL data folder/);
    expect(await readFile(join(dataDir, "postgres", "letter"), "utf8")).toBe("dear");
  });
});

describe("a start on a folder with a past", () => {
  it("finds the data after a stop, which may be asked for twice", async () => {
    const dataDir = await folder();
    const first = await start({ dataDir });
    await query(first, "create table kept as select 42 as answer");
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();

    const second = await start({ dataDir });
    expect(second).toMatchObject({ adopted: false, password: first.password });
    expect(await query(second, "select answer from kept")).toEqual([{ answer: 42 }]);
    await second.stop();
    expect(await readFile(join(dataDir, "postgres.log"), "utf8")).not.toContain("not properly shut down");
  });

  it("adopts the server of a node process that was killed", async () => {
    const dataDir = await folder();
    const child = startInChild(dataDir);
    const before = await child.hear();
    await child.kill();

    const server = await start({ dataDir });
    expect(server).toMatchObject({ adopted: true, port: before.port, password: before.password });
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
    const pid = await postmasterOf(dataDir);
    await server.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it("replaces an orphan that does not answer", async () => {
    const dataDir = await folder();
    const child = startInChild(dataDir);
    const before = await child.hear();
    await child.kill();
    const orphan = await postmasterOf(dataDir);
    process.kill(orphan, "SIGSTOP");

    const server = await start({ dataDir });
    expect(server.adopted).toBe(false);
    expect(server.port).not.toBe(before.port);
    expect(isAlive(orphan)).toBe(false);
    await server.stop();
  });

  it("waits for a server that is shutting down", async () => {
    const dataDir = await folder();
    const first = await start({ dataDir });
    const client = new pg.Client(first.url("postgres"));
    await client.connect();
    process.kill(await postmasterOf(dataDir), "SIGTERM"); // waits for its clients
    while (!(await readFile(join(dataDir, "postgres/postmaster.pid"), "utf8")).includes("stopping")) await sleep(5);

    const starting = start({ dataDir });
    await sleep(300);
    await client.end();
    const second = await starting;
    expect(second.adopted).toBe(false);
    await second.stop();
    expect(await readFile(join(dataDir, "postgres.log"), "utf8")).not.toContain("not properly shut down");
  });

  it("recovers after its server was killed, once the last backend is gone", async () => {
    const dataDir = await folder();
    const first = await start({ dataDir });
    await query(first, "create table kept as select 42 as answer");
    // A backend that only computes does not notice the death of its server until it is done.
    const busy = query(
      first,
      "do $$ declare began timestamptz := clock_timestamp(); begin while clock_timestamp() < began + interval '1.5 s' loop end loop; end $$",
    ).catch((error: Error) => error.message);
    await sleep(200);
    const pid = await postmasterOf(dataDir);
    process.kill(pid, "SIGKILL");
    while (isAlive(pid)) await sleep(1);

    const second = await start({ dataDir });
    expect(second.adopted).toBe(false);
    expect(await query(second, "select answer from kept")).toEqual([{ answer: 42 }]);
    await busy;
    await second.stop();
    await first.stop();
    expect(await readFile(join(dataDir, "postgres.log"), "utf8")).toContain("pre-existing shared memory block");
  });

  it("starts although postmaster.pid names a process of another kind, another folder's server, or nobody", async () => {
    const dataDir = await folder();
    await (await start({ dataDir })).stop();
    const { uid, gid } = await stat(join(dataDir, "postgres"));
    const pidFile = join(dataDir, "postgres/postmaster.pid");
    // Both run as the server's own account: PostgreSQL itself takes them for its server and refuses.
    const stranger = spawn("sleep", ["60"], asRoot ? { uid, gid } : {});
    children.add(stranger);
    const otherDir = await folder();
    const other = await start({ dataDir: otherDir });

    for (const pid of [stranger.pid, await postmasterOf(otherDir), undefined]) {
      await writeFile(pidFile, pid ? `${pid}\n${dataDir}/postgres\n1\n${other.port}\n\n\n  1 1\nready   \n` : "");
      await chown(pidFile, uid, gid);
      const server = await start({ dataDir });
      expect(server.adopted).toBe(false);
      await server.stop();
    }
    expect(await query(other, "select 1 as one")).toEqual([{ one: 1 }]);
    await other.stop();
  });
});

describe("accounts", () => {
  const onlyAsRoot = asRoot ? it : it.skip;

  onlyAsRoot("as root in a folder that others cannot pass: runs as another account and changes no modes", async () => {
    const closed = await folder(0o700);
    const dataDir = join(closed, "inner");
    await mkdir(dataDir, { mode: 0o700 });

    for (const round of [1, 2]) {
      const server = await start({ dataDir });
      expect(await query(server, `select ${round} as n, pg_backend_pid() as pid`)).toMatchObject([{ n: round }]);
      const status = await readFile(`/proc/${await postmasterOf(dataDir)}/status`, "utf8");
      expect(status).not.toMatch(/^Uid:\s+0\b/m);
      expect(status).toMatch(/^CapEff:\s+0{15}4$/m); // dac_read_search and nothing else
      await server.stop();
    }
    for (const path of [closed, dataDir]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  onlyAsRoot("as root in a checkout that others cannot pass: runs its programs all the same", async () => {
    const closed = await folder(0o700);
    const { postgres } = findBinaries();
    await cp(join(postgres, "../.."), join(closed, "native"), { recursive: true, verbatimSymlinks: true });
    const program = (name: string) => join(closed, "native/bin", name);
    const share = join(closed, "native/share/postgresql/postgres.bki");
    const binaries = { initdb: program("initdb"), pg_ctl: program("pg_ctl"), postgres: program("postgres"), share };
    const dataDir = await folder();
    dataDirs.add(dataDir);
    const pgdata = join(dataDir, "postgres");

    const launcher = await chooseLauncher(dataDir, pgdata, binaries);
    await makeCluster(binaries, launcher, pgdata, "secret");
    const site = { binaries, launcher, pgdata, secret: "secret", logFile: join(dataDir, "log"), log: () => undefined };
    const server = await launch({ listen_addresses: "127.0.0.1", unix_socket_directories: "" }, site);
    expect(server).toBeDefined();
    await stop(server?.pid as number, "fast", site);
  });

  onlyAsRoot(
    "as root in an open folder: has no capability, and takes files that are root's, as after a restore",
    async () => {
      const dataDir = await folder();
      for (const round of [1, 2]) {
        const server = await start({ dataDir });
        const status = await readFile(`/proc/${await postmasterOf(dataDir)}/status`, "utf8");
        expect(status).not.toMatch(/^Uid:\s+0\b/m);
        expect(status).toMatch(/^CapEff:\s+0+$/m);
        await server.stop();
        if (round === 1) await giveTo({ uid: 0, gid: 0 }, join(dataDir, "postgres"));
      }
    },
  );

  onlyAsRoot("as root without setpriv: says which folder is closed and what to do", async () => {
    const closed = await folder(0o700);
    const path = process.env.PATH;
    process.env.PATH = "/nonexistent";
    try {
      await expect(start({ dataDir: join(closed, "inner") })).rejects.toThrow(
        new RegExp(`cannot pass ${closed} .*DATA_DIR`),
      );
    } finally {
      process.env.PATH = path;
    }
  });

  onlyAsRoot("as an ordinary user, and then as root with that user's files", async () => {
    const dataDir = join(await folder(), "theirs");
    const nobody = { uid: 65_534, gid: 65_534 };
    await mkdir(dataDir);
    await chown(dataDir, nobody.uid, nobody.gid);
    const child = startInChild(dataDir, `await server.stop(); await lockDataDir(${JSON.stringify(dataDir)});`, nobody);
    expect(await child.hear()).toMatchObject({ uid: nobody.uid, adopted: false });
    await child.kill();

    const server = await start({ dataDir });
    expect(await stat(join(dataDir, "postgres"))).toMatchObject(nobody);
    await server.stop();
    const lock = await lockDataDir(dataDir);
    await lock.release();
  });

  onlyAsRoot("as an ordinary user on root's files: says whose they are", async () => {
    const dataDir = await folder();
    await (await start({ dataDir })).stop();
    const code = `await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} }).catch((error) => console.log(JSON.stringify(error.message)));`;
    const child = inChild(code, { uid: 65_534, gid: 65_534 });
    expect(await child.hear()).toMatch(/cannot be used .*Set DATA_DIR to a folder of your own/);
    await chown(dataDir, 65_534, 65_534);
    const second = inChild(code, { uid: 65_534, gid: 65_534 });
    expect(await second.hear()).toMatch(/belongs to uid \d+, and this is uid 65534/);
  });
});

describe("the lock of a data folder", () => {
  const contender = (dataDir: string) =>
    inChild(`
      import { createInterface } from "node:readline";
      let lock;
      console.log(JSON.stringify("there"));
      for await (const line of createInterface(process.stdin)) {
        if (line === "release") {
          await lock?.release();
          lock = undefined;
          console.log(JSON.stringify("released"));
        } else {
          const answer = await lockDataDir(${JSON.stringify(dataDir)}).then((held) => ((lock = held), { won: process.pid }), (error) => ({ lost: error.pid, code: error.code }));
          if (line === "describe") await lock?.describe({ url: "http://127.0.0.1:3000" });
          console.log(JSON.stringify(answer));
        }
      }`);

  it("is refused while its holder lives, with the holder's pid and URL", async () => {
    const dataDir = join(await folder(), "made");
    const holder = contender(dataDir);
    await holder.hear();
    holder.say("describe");
    const { won } = await holder.hear();

    const refusal = await lockDataDir(dataDir).catch((error: DataDirInUse) => error);
    expect(refusal).toMatchObject({ name: "DataDirInUse", pid: won, url: "http://127.0.0.1:3000" });
    expect((refusal as Error).message).toMatch(new RegExp(`process ${won}, which answers on http://127.0.0.1:3000`));

    await holder.kill();
    const lock = await lockDataDir(dataDir);
    await expect(lockDataDir(dataDir)).rejects.toMatchObject({ pid: process.pid, url: undefined });
    await lock.release();
    await lock.release();
    await (await lockDataDir(dataDir)).release();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it.each([
    ["whose pid is another process's now", JSON.stringify({ id: "x", pid: process.pid, started: "1" })],
    ["of an earlier boot", JSON.stringify({ id: "x", pid: process.pid, boot: "another" })],
    ["that a power loss emptied", ""],
    ["that is no record", "{"],
  ])("is taken over from a holder %s", async (_, text) => {
    if (process.platform !== "linux" && text.includes('"boot"')) return;
    const dataDir = await folder();
    await writeFile(join(dataDir, "waybill.lock"), text);
    const lock = await lockDataDir(dataDir);
    await lock.release();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it("has one holder when ten take it at the same time, be it free or left by a dead one", async () => {
    const dataDir = await folder();
    const dead = contender(dataDir);
    await dead.hear();
    dead.say("lock");
    await dead.hear();
    const left = await readFile(join(dataDir, "waybill.lock"), "utf8");
    await dead.kill();
    const ten = Array.from({ length: 10 }, () => contender(dataDir));
    await Promise.all(ten.map((one) => one.hear()));

    for (let round = 0; round < 20; round += 1) {
      // The same dead record comes again here, which no real lock does: only while nobody contends.
      if (round % 2) await writeFile(join(dataDir, "waybill.lock"), left);
      for (const one of ten) one.say("lock");
      const answers = await Promise.all(ten.map((one) => one.hear()));
      const winners = answers.filter((answer) => answer.won);
      expect(winners).toHaveLength(1);
      const lost = { lost: winners[0].won, code: "DATA_DIR_IN_USE" };
      expect(answers.filter((answer) => !answer.won)).toEqual(Array(9).fill(lost));
      for (const one of ten) one.say("release");
      await Promise.all(ten.map((one) => one.hear()));
      expect(await readdir(dataDir)).toEqual([]);
    }
    await Promise.all(ten.map((one) => one.kill()));
  });
});
