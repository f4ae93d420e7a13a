import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DOMAINS } from "../../platform/config.ts";
import { leaveCanaries, type NotedRequest, type Watched } from "../support/canaries.ts";
import { ClusterProcess } from "../support/cluster-process.ts";
import { leaveLogins, type NotedLogin } from "../support/logins.ts";
import { PlatformProcess } from "../support/process.ts";
import { describeWithServers } from "../support/with-servers.ts";

jest.setTimeout(180_000);

type Line = Record<string, unknown>;

/** A platform that runs, and what it has written by its end. */
interface Writer extends Watched {
  end(signal: "SIGTERM"): Promise<unknown>;
  remove(): Promise<void>;
  /** Its log, without what it has printed for people. */
  written(): string;
  /** What else must not be in it. */
  secrets(): string[];
}

const LOUD = { LOG_LEVEL: "trace", LOG_FORMAT: "json", CARRIER: "manual" };

async function oneProcess(): Promise<Writer> {
  const platform = await PlatformProcess.make(LOUD);
  await platform.start();
  const written = () => platform.output.replace(/\n {2}Waybill is ready[\s\S]*?however it ends\.\n/, "\n");
  return Object.assign(platform, { written, secrets: () => [] });
}

async function cluster(): Promise<Writer> {
  const platform = await ClusterProcess.make(LOUD);
  await platform.start();
  const folder = path.join(platform.dataDir, "logs");
  const state = platform.state();
  // The servers write logs of their own.
  const written = () =>
    readdirSync(folder)
      .filter((file) => !file.includes("-server"))
      .map((file) => readFileSync(path.join(folder, file), "utf8"))
      .join("");
  return Object.assign(platform, { written, secrets: () => Object.values(state.secrets) });
}

describe("one process", () => writesDownNothingPersonal(oneProcess));
describeWithServers("a cluster", () => writesDownNothingPersonal(cluster));

/** A platform that logs all it can has been through good and bad; what it has written, and kept, is looked at. */
function writesDownNothingPersonal(start: () => Promise<Writer>): void {
  let platform: Writer;
  let output: string;
  let secrets: readonly string[];
  let requests: readonly NotedRequest[];
  let logins: readonly NotedLogin[];
  let kept: Record<string, number>;

  beforeAll(async () => {
    platform = await start();
    ({ secrets, requests } = await leaveCanaries(platform));
    secrets = [...secrets, ...platform.secrets()];
    logins = await leaveLogins(platform.url);
    kept = await canariesKept();
    await platform.end("SIGTERM");
    output = platform.written();
  });
  afterAll(async () => {
    await platform.remove();
  });

  const lines = () => output.split("\n").filter((line) => line !== "");

  test("is one JSON object a line, with its level, its time and what happened", () => {
    expect(lines().length).toBeGreaterThan(100);
    for (const line of lines()) {
      const entry = JSON.parse(line) as Line;
      expect([typeof entry.level, typeof entry.time, typeof entry.msg, line]).toEqual([
        "number",
        "number",
        "string",
        line,
      ]);
    }
  });

  test("holds no personal data, no secret and no token", () => {
    const found = lines().filter((line) => /CANARY/i.test(line) || secrets.some((secret) => line.includes(secret)));
    expect(found).toEqual([]);
    expect(secrets.length).toBeGreaterThan(4);
    // The banner names the demo clients' secret and a test card; the log has no reason to.
    expect(lines().filter((line) => /demo-secret|pm_card_visa/.test(line))).toEqual([]);
  });

  test("says of every request its id, who asked, and its order", () => {
    const byId = new Map(
      lines()
        .map((line) => JSON.parse(line) as Line)
        .filter(({ msg }) => msg === "request")
        .map((line) => [line.reqId, line]),
    );
    for (const { reqId, orderId, tenant, status } of requests) {
      const line = byId.get(reqId);
      expect(line).toEqual(expect.objectContaining({ reqId, status, method: expect.any(String) }));
      expect([reqId, line?.tenant, line?.orderId]).toEqual([reqId, tenant, orderId]);
      expect(line?.client).toEqual(tenant === undefined ? undefined : expect.stringContaining(`${tenant}-`));
    }
    expect(requests.length).toBeGreaterThan(10);
  });

  test("says of every login and every refusal whose it was, by which client and by what", () => {
    const found = lines()
      .map((line) => JSON.parse(line) as Line)
      .filter(({ msg }) => msg === "a login" || msg === "a login is refused");
    for (const { reqId, letIn, by, client, customer } of logins) {
      const [line, ...more] = found.filter((entry) => entry.reqId === reqId);
      expect([line?.msg, line?.by, line?.client, more]).toEqual([
        letIn ? "a login" : "a login is refused",
        by,
        client,
        [],
      ]);
      expect(line?.tenant).toBe(client === undefined ? undefined : "demo");
      const isSomebody = customer === "somebody";
      expect([line?.customer, typeof line?.account]).toEqual([
        isSomebody ? undefined : customer,
        isSomebody ? "string" : "undefined",
      ]);
    }
    expect(logins.filter(({ letIn }) => letIn)).toHaveLength(3);
    expect(logins).toHaveLength(9);
  });

  test("says what went wrong inside, by the request's id", () => {
    const broken = requests.find(({ status }) => status === 500);
    const line = lines()
      .map((text) => JSON.parse(text) as Line)
      .find((entry) => entry.reqId === broken?.reqId && entry.err);
    expect(line?.err).toEqual(
      expect.objectContaining({ message: expect.stringContaining("refused_for_a_test"), stack: expect.any(String) }),
    );
  });

  test("in the event logs and among the parked events is free of them as well", () => {
    expect(kept).toEqual(Object.fromEntries(Object.keys(kept).map((table) => [table, 0])));
    expect(Object.keys(kept).length).toBeGreaterThan(15);
  });

  /** In how many events of each log a canary is, and in how many parked ones. What people wrote of a cancel is public. */
  async function canariesKept(): Promise<Record<string, number>> {
    const owner = await platform.owner();
    const counts: Record<string, number> = {};
    try {
      for (const domain of DOMAINS) {
        if (domain === "auth") continue;
        for (const [table, text] of [
          ["event_log", "data::text || meta::text"],
          ["parked_events", "event::text"],
          ["parked_streams", "error"],
        ]) {
          const { rows } = await owner.query(
            `select count(*)::int as count from ${domain}.${table} where regexp_replace(${text}, 'CANARY-(cancel|reason|detail)', '', 'g') ~* 'CANARY|pm_card|pm_waybill'`,
          );
          counts[`${domain}.${table}`] = rows[0].count;
        }
      }
      const { rows } = await owner.query("select count(*)::int as count from inventory.parked_events");
      expect(rows[0].count).toBeGreaterThan(0);
      const troubles = await owner.query("select count(*)::int as count from orders.processes where error ~ 'CANARY'");
      return { ...counts, "orders.processes": troubles.rows[0].count };
    } finally {
      await owner.end();
    }
  }
}
