import { randomBytes } from "node:crypto";
import { ServiceBroker } from "moleculer";
import pg from "pg";
import { brokerOptions } from "../../moleculer.config.ts";
import { readConfig } from "../../platform/config.ts";
import type { ResultOf } from "../../platform/contracts.ts";
import { unauthorised } from "../../platform/errors.ts";
import { keyIdOf } from "../../platform/identity/access-token.ts";
import { verifierOf } from "../../platform/identity/token-verifier.ts";
import type { Identity } from "../../platform/service.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/databases.ts";
import { ENCRYPTION_KEYS } from "../../test/support/keys.ts";
import schema from "./auth.service.ts";
import type { AuthService } from "./clients/auth-service.ts";
import { seedAuth } from "./fixtures.ts";

const SHOP = { client_id: "demo-shop", client_secret: "demo-secret" };
const OPERATOR = { client_id: "demo-operator", client_secret: "demo-secret" };
const FOREIGNER = { client_id: "acme-operator", client_secret: "demo-secret" };

let db: TestDatabase;
let owner: pg.Client;
let brokers: ServiceBroker[];

beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  brokers = [];
});

afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.stop()));
  await owner.end();
  await db.drop();
});

/** A node that runs auth alone. */
async function startNode(env: Record<string, string> = {}): Promise<ServiceBroker> {
  const config = {
    ...readConfig({ DATABASE_URL: "unused", LOG_LEVEL: "fatal", POLL_MS: "50", ENCRYPTION_KEYS, ...env }),
    databases: db.urls,
  };
  const broker = new ServiceBroker(brokerOptions(config));
  broker.createService(schema);
  brokers.push(broker);
  await broker.start();
  return broker;
}

async function tokenOf(node: ServiceBroker, client = SHOP): Promise<string> {
  const answer = await node.call<ResultOf<"auth.issueToken">, object>("auth.issueToken", {
    grant_type: "client_credentials",
    ...client,
  });
  return answer.access_token;
}

/** Who a token is to a node, whatever it runs. */
async function identityOf(node: ServiceBroker, token: string): Promise<Identity> {
  const identity = await verifierOf(node).identify(token);
  if (!identity) throw unauthorised();
  return identity;
}
const refused = expect.objectContaining({ type: "UNAUTHORIZED" });

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 4_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("nodes that start together have one key, which every later start has too", async () => {
  const nodes = await Promise.all([startNode(), startNode(), startNode()]);
  expect((await owner.query("select from auth.signing_keys")).rowCount).toBe(1);
  const token = await tokenOf(nodes[0]!);
  for (const node of [...nodes, await startNode()]) {
    expect(await identityOf(node, token)).toMatchObject({ tenant: "demo", client: "demo-shop" });
  }
});

test("a revoked token is refused at once, on other nodes soon, and after a restart", async () => {
  const [node, other] = [await startNode(), await startNode()];
  const token = await tokenOf(node);
  await identityOf(node, token);
  await identityOf(other, token);
  await node.call("auth.revoke", { token, ...OPERATOR });
  await expect(identityOf(node, token)).rejects.toEqual(refused);
  await until(() =>
    identityOf(other, token).then(
      () => false,
      () => true,
    ),
  );
  await expect(identityOf(await startNode(), token)).rejects.toEqual(refused);
});

test("another tenant's client neither sees nor ends a token, and learns nothing", async () => {
  const node = await startNode();
  const token = await tokenOf(node);
  expect(await node.call("auth.introspect", { token, ...FOREIGNER })).toEqual({ active: false });
  expect(await node.call("auth.introspect", { token: "nothing", ...FOREIGNER })).toEqual({ active: false });
  expect(await node.call("auth.revoke", { token, ...FOREIGNER })).toEqual({});
  expect(await identityOf(node, token)).toMatchObject({ client: "demo-shop" });
  expect(await node.call("auth.introspect", { token, ...OPERATOR })).toMatchObject({
    active: true,
    client_id: "demo-shop",
    tenant: "demo",
  });
});

test("an expired token is refused although it is known", async () => {
  const node = await startNode({ ACCESS_TOKEN_SECONDS: "60" });
  const token = await tokenOf(node);
  await identityOf(node, token);
  verifierOf(node).now = () => Date.now() + 61_000;
  await expect(identityOf(node, token)).rejects.toEqual(refused);
});

test("a key that is too old to sign is replaced, and verifies what it has signed", async () => {
  const node = await startNode();
  const token = await tokenOf(node);
  await owner.query("update auth.signing_keys set created_at = now() - interval '91 days'");
  // Its timers look once, when it starts: a new key is to be shown for five looks.
  const later = await startNode({ POLL_MS: "60000" });
  expect((await owner.query("select from auth.signing_keys where retired_at is null")).rowCount).toBe(1);
  expect(await later.call("auth.jwks")).toMatchObject({ keys: [{ kty: "EC" }, { kty: "EC" }] });
  expect(await identityOf(later, token)).toMatchObject({ client: "demo-shop" });
  // It is shown before it signs: whoever meets it knows it.
  const keys = () => (later.getLocalService("auth") as unknown as AuthService).keys;
  const old = keyIdOf(token);
  expect(keyIdOf(await tokenOf(later))).toBe(old);
  await owner.query("update auth.signing_keys set created_at = now() - interval '6 minutes' where retired_at is null");
  await keys().reload();
  const fresh = await tokenOf(later);
  expect(keyIdOf(fresh)).not.toBe(old);
  expect(await identityOf(node, fresh)).toMatchObject({ client: "demo-shop" });
  expect(await identityOf(node, token)).toMatchObject({ client: "demo-shop" });
});

test("a key that was taken out of use ends its tokens at the next start", async () => {
  const token = await tokenOf(await startNode());
  await owner.query("update auth.signing_keys set retired_at = now() - interval '2 days'");
  await expect(identityOf(await startNode(), token)).rejects.toEqual(refused);
});

describe("the signing keys' private halves", () => {
  const rows = async () => (await owner.query("select * from auth.signing_keys order by created_at")).rows;

  test("are kept sealed, and open in their own rows alone", async () => {
    const node = await startNode();
    const [row] = await rows();
    expect(row.private_key).toBeNull();
    expect(row.private_key_sealed.toString("latin1")).not.toContain("PRIVATE KEY");
    await owner.query(`insert into auth.signing_keys (kid, private_key_sealed, public_key, created_at)
      select 'moved', private_key_sealed, public_key, now() from auth.signing_keys`);
    await expect(startNode()).rejects.toThrow("moved does not open");
    await owner.query("delete from auth.signing_keys where kid = 'moved'");
    expect(await identityOf(await startNode(), await tokenOf(node))).toMatchObject({ client: "demo-shop" });
  });

  test("are not made anew where the key is another one: the node does not start", async () => {
    await startNode();
    const other = { ENCRYPTION_KEYS: `other:${randomBytes(32).toString("base64")}` };
    await expect(startNode(other)).rejects.toThrow("sealed by the key test, which is not in ENCRYPTION_KEYS");
    expect(await rows()).toHaveLength(1);
  });

  test("of before they were sealed are sealed at the next start, and their tokens stay good", async () => {
    const node = await startNode();
    const token = await tokenOf(node);
    const [{ kid }] = await rows();
    const { privateKey } = (node.getLocalService("auth") as unknown as AuthService).keys.signing;
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    await owner.query("update auth.signing_keys set private_key = $1, private_key_sealed = null", [pem]);
    const later = await Promise.all([startNode(), startNode()]);
    expect(await rows()).toEqual([
      expect.objectContaining({ kid, private_key: null, private_key_sealed: expect.any(Buffer) }),
    ]);
    for (const one of later) expect(await identityOf(one, token)).toMatchObject({ client: "demo-shop" });
  });
});

test("a client that is not active gets no token", async () => {
  const node = await startNode();
  await owner.query("update auth.clients set active = false where id = 'demo-shop'");
  await expect(tokenOf(node)).rejects.toMatchObject({ type: "invalid_client" });
});

test("the fixtures are there once, and stay as somebody has changed them", async () => {
  const node = await startNode();
  await owner.query("update auth.clients set scopes = '{orders:read}' where id = 'demo-shop'");
  await owner.query("delete from auth.clients where id = 'acme-shop'");
  const { database } = node.getLocalService("auth") as unknown as AuthService;
  await seedAuth(database, new Date().toISOString());
  await seedAuth(database, new Date().toISOString());
  const { rows } = await owner.query("select id, tenant, scopes from auth.clients order by id");
  expect(rows.map(({ id }) => id)).toEqual([
    "acme-operator",
    "acme-shop",
    "demo-courier",
    "demo-operator",
    "demo-shop",
    "waybill-operator",
  ]);
  expect(rows.find(({ id }) => id === "demo-shop")).toEqual({
    id: "demo-shop",
    tenant: "demo",
    scopes: ["orders:read"],
  });
  expect((await owner.query("select from auth.clients where secret_hash like '%demo-secret%'")).rowCount).toBe(0);
});

test("moleculer-db's own actions are not there", async () => {
  const node = await startNode();
  for (const action of ["find", "list", "get", "create", "insert", "update", "remove", "count"]) {
    await expect(node.call(`auth.${action}`, { id: "demo-shop" })).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });
  }
});

test("it says how it is", async () => {
  const node = await startNode();
  expect(await node.call("auth.health.check")).toEqual({ database: "up", parkedStreams: { retrying: 0, dead: 0 } });
});
