import { ServiceBroker } from "moleculer";
import pg from "pg";
import { brokerOptions } from "../../../moleculer.config.ts";
import { readConfig } from "../../../platform/config.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/support/databases.ts";
import { ENCRYPTION_KEYS } from "../../../test/support/keys.ts";
import { eventually } from "../../../test/support/waiting.ts";
import schema from "../auth.service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { forgetExpired } from "./forget-expired.ts";

let db: TestDatabase;
let owner: pg.Client;
let nodes: ServiceBroker[];

beforeEach(async () => {
  db = await createTestDatabase();
  owner = new pg.Client({ connectionString: db.ownerUrl });
  await owner.connect();
  await owner.query(`
    create table public.turns (at timestamptz);
    create function public.count_turn() returns trigger security definer language plpgsql
      as 'begin insert into public.turns values (new.at); return null; end';
    create trigger turns after update on auth.clean_up for each row execute function public.count_turn()`);
  nodes = await Promise.all([startNode(), startNode()]);
  // The first hour's.
  await eventually("it is done once", async () => (await turns()) === 1);
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await owner.end();
  await db.drop();
});

/** A node whose timers look once, when it starts. */
async function startNode(): Promise<ServiceBroker> {
  const config = {
    ...readConfig({ DATABASE_URL: "unused", LOG_LEVEL: "fatal", POLL_MS: "60000", ENCRYPTION_KEYS }),
    databases: db.urls,
  };
  const node = new ServiceBroker(brokerOptions(config));
  node.createService(schema);
  await node.start();
  return node;
}

const turns = async () => (await owner.query("select from public.turns")).rowCount;
const expired = async () => (await owner.query("select from auth.revoked_tokens")).rowCount;
const revokeSomethingExpired = () =>
  owner.query(
    "insert into auth.revoked_tokens (jti, tenant, expires_at, revoked_at) values (gen_random_uuid(), 'demo', now(), now())",
  );
/** As if an hour had passed since it was done last; turns are counted from here. */
const beDue = async () => {
  await owner.query("update auth.clean_up set at = now() - interval '61 minutes'");
  await owner.query("delete from public.turns");
};
/** Both nodes look, several times each and all at once. */
const look = () =>
  Promise.all(
    Array.from({ length: 8 }, (_, n) => forgetExpired(nodes[n % 2]?.getLocalService("auth") as unknown as AuthService)),
  );

test("what has expired is forgotten by one of two nodes, once an hour", async () => {
  await revokeSomethingExpired();
  await look();
  expect([await turns(), await expired()]).toEqual([1, 1]);
  await beDue();
  await look();
  await look();
  expect([await turns(), await expired()]).toEqual([1, 0]);
});

test("a node that dies over it leaves it to the next, and holds nobody up", async () => {
  await revokeSomethingExpired();
  await beDue();
  const dying = new pg.Client({ connectionString: db.ownerUrl });
  dying.on("error", () => {});
  await dying.connect();
  const { rows } = await dying.query<{ pid: number }>("select pg_backend_pid() as pid");
  await dying.query("begin");
  await dying.query("update auth.clean_up set at = now()");
  await dying.query("delete from auth.revoked_tokens");
  await look();
  expect([await turns(), await expired()]).toEqual([0, 1]);
  await owner.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  await eventually("another node does it", async () => {
    await look();
    return (await expired()) === 0;
  });
  expect(await turns()).toBe(1);
});
