import { ENCRYPTION_KEYS } from "../../test/support/keys.ts";
import { readConfig } from "../config.ts";
import { connectionOptions } from "./connection.ts";

const rest = { DATABASE_URL: "postgres://p@db/w", REDIS_URL: "redis://r", SERVICES: "orders" };

function optionsFor(NATS_URL: string): ReturnType<typeof connectionOptions> {
  const { cluster } = readConfig({ ...rest, NATS_URL, ENCRYPTION_KEYS }, "cluster");
  if (!cluster) throw new Error("there is no cluster");
  return connectionOptions(cluster.nats, "orders.n1 calls");
}

test("a node goes to all servers as its account, and takes answers below its own name alone", () => {
  expect(optionsFor("nats://orders:p%40ss@one:4222,nats://two")).toMatchObject({
    servers: ["one:4222", "two"],
    user: "orders",
    pass: "p@ss",
    inboxPrefix: "_INBOX.orders",
    name: "orders.n1 calls",
  });
});

test("it never gives up, whatever NATS says", () => {
  expect(optionsFor("nats://orders:p@one")).toMatchObject({ maxReconnectAttempts: -1, ignoreAuthErrorAbort: true });
});

test("TLS is insisted on where it is asked for, and only there", () => {
  expect(optionsFor("tls://orders:p@one").tls).toEqual({});
  expect(optionsFor("nats://orders:p@one").tls).toBeUndefined();
});

test("without an account there are no credentials", () => {
  const options = optionsFor("nats://one");
  for (const name of ["user", "pass", "inboxPrefix"]) expect(options).not.toHaveProperty(name);
});
