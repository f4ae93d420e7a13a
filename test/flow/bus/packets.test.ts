import { connect as connectSocket, type Socket } from "node:net";
import type { ServiceBroker } from "moleculer";
import { StorageType } from "nats";
import pg from "pg";
import { newId } from "../../../platform/ids.ts";
import type { BusUser } from "../../../scripts/cluster/nats-config.ts";
import { refused, startNodes, type TestNodes } from "../../support/bus.ts";
import { claimsOf, headerOf, ownKey, signES256, signHS256, unsigned } from "../../support/tokens.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

let nodes: TestNodes;
let owner: pg.Client;
let payments: ServiceBroker;
let orders: ServiceBroker;
let auth: ServiceBroker;

beforeAll(async () => {
  nodes = await startNodes();
  owner = new pg.Client({ connectionString: nodes.db.ownerUrl });
  await owner.connect();
  payments = await nodes.make("payments");
  orders = await nodes.make("orders");
  auth = await nodes.make("auth");
  await Promise.all([payments.start(), orders.start(), auth.start()]);
  await orders.waitForServices(["payments", "auth"]);
});
afterEach(() => nodes.disconnect());
afterAll(async () => {
  await owner.end();
  await nodes.stop();
});

/** A packet as Moleculer writes it. */
function packet(sender: string, payload: object): Uint8Array {
  const said = { ver: orders.PROTOCOL_VERSION, sender, ...payload };
  return serializer().serialize(said, "");
}

function serializer(): NonNullable<ServiceBroker["serializer"]> {
  return orders.serializer as NonNullable<ServiceBroker["serializer"]>;
}

/** A request to take money, with all that a caller may claim. */
function takesMoney(orderId: string, sender: string, action = "payments.authorise"): Uint8Array {
  const command = { tenant: "demo", orderId, operationId: `${orderId}:authorise` };
  return packet(sender, {
    id: newId(),
    action,
    params: { requests: [{ ...command, amount: 100, currency: "EUR", token: "pm_card_visa" }] },
    meta: { identity: { tenant: "*", client: "service:orders", scopes: [] } },
    level: 1,
    tracing: null,
    parentID: null,
    requestID: newId(),
  });
}

async function paid(orderId: string): Promise<boolean> {
  const { rows } = await owner.query("select status from payments.payments where order_id = $1", [orderId]);
  return rows.length > 0;
}

const SUBJECT = "MOL-waybill.REQ.payments.n1.orders.payments.authorise";

/** Writes a request to NATS's port, byte by byte as anybody can. */
function rawRequest(orderId: string, introduction: object): { socket: Socket; closed: Promise<void> } {
  const body = takesMoney(orderId, "orders.n2");
  const socket = connectSocket(nodes.nats.port, "127.0.0.1");
  // Closed while it still writes; what NATS has said about it may be lost by that.
  socket.on("error", () => {}).resume();
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(`CONNECT ${JSON.stringify(introduction)}\r\nPUB ${SUBJECT} ${body.length}\r\n`);
  socket.write(body);
  socket.write("\r\n");
  return { socket, closed };
}

/** Waits until payments has run a request that came after whatever was sent to it before. */
async function settled(): Promise<void> {
  const later = newId();
  (await nodes.as("orders")).publish(SUBJECT, takesMoney(later, "orders.n2"));
  await eventually("what came later is paid", () => paid(later));
}

describe("a request to take money", () => {
  test("is run for the account that may make it", async () => {
    const connection = await nodes.as("orders");
    const orderId = newId();
    connection.publish(SUBJECT, takesMoney(orderId, "orders.n2"));
    await eventually("it is paid", () => paid(orderId));
  });

  test.each([
    ["under its own name", "MOL-waybill.REQ.payments.n1.catalog.payments.authorise", "catalog.n1"],
    ["under another name", SUBJECT, "orders.n1"],
    ["to Moleculer's own subject", "MOL-waybill.REQ.payments.n1", "orders.n1"],
    ["to Moleculer's balanced subject", "MOL-waybill.REQB.payments.authorise", "orders.n1"],
  ])("of a node of the catalog, %s, runs nothing", async (_, subject, sender) => {
    const connection = await nodes.as("catalog");
    expect(await refused(connection, "publish", [subject])).toEqual([subject]);
    const orderId = newId();
    connection.publish(subject, takesMoney(orderId, sender));
    await connection.flush();
    await settled();
    expect(await paid(orderId)).toBe(false);
  });

  test("that says it comes from somebody else runs nothing", async () => {
    const connection = await nodes.as("orders");
    const [forged, own] = [newId(), newId()];
    connection.publish(SUBJECT, takesMoney(forged, "api.n1"));
    connection.publish(SUBJECT, takesMoney(own, "orders.n2"));
    await eventually("the one after it is paid", () => paid(own));
    expect(await paid(forged)).toBe(false);
  });

  test("that was sent as something else runs nothing", async () => {
    const connection = await nodes.as("orders");
    const [hidden, open] = [newId(), newId()];
    connection.publish("MOL-waybill.REQ.payments.n1.orders.payments.void", takesMoney(hidden, "orders.n2"));
    connection.publish(SUBJECT, takesMoney(open, "orders.n2"));
    await eventually("the one after it is paid", () => paid(open));
    expect(await paid(hidden)).toBe(false);
  });

  test("from outside runs nothing: NATS hears nobody who has no account", async () => {
    const credentials = { user: "orders", pass: "test-secret-orders" };
    const [outside, inside] = [newId(), newId()];
    await rawRequest(outside, { verbose: false }).closed;
    const { socket } = rawRequest(inside, { verbose: false, ...credentials });
    await eventually("the same bytes with credentials have their effect", () => paid(inside));
    socket.destroy();
    expect(await paid(outside)).toBe(false);
  });

  test("does not come out of a channel that its owner has turned towards the calls", async () => {
    const orderId = newId();
    const turn = async (domain: "catalog" | "inventory", dest: string) => {
      const connection = await nodes.as(`${domain}@${domain}`, domain);
      let seen = 0;
      connection.subscribe(`_INBOX.${domain}@${domain}.seen`, { callback: () => seen++ });
      const manager = await connection.jetstreamManager({ checkAPI: false });
      const subjects = [`waybill.log.${domain}.*`];
      const republish = { src: `waybill.log.${domain}.1`, dest };
      await manager.streams.add({ name: `waybill_${domain}`, subjects, storage: StorageType.Memory, republish });
      await connection.jetstream().publish(`waybill.log.${domain}.1`, takesMoney(orderId, "orders.n2"));
      return () => seen;
    };
    // Within its own account of NATS it does.
    const seen = await turn("inventory", "_INBOX.inventory@inventory.seen");
    await eventually("the channel sends on what it gets", () => seen() === 1);
    await turn("catalog", SUBJECT);
    await settled();
    expect(await paid(orderId)).toBe(false);
  });
});

describe("who a request is from", () => {
  const CLAIMED = {
    tenant: "acme",
    client: "acme-operator",
    scopes: ["admin", "orders:read"],
    tokenId: "t",
    expires: 9e9,
  };
  let token: string;
  let forge: { header: object; claims: Record<string, unknown>; own: Awaited<ReturnType<typeof ownKey>> };

  const tokenOf = async (client: string): Promise<string> => {
    const params = { grant_type: "client_credentials", client_id: client, client_secret: "demo-secret" };
    return (await auth.call<{ access_token: string }, object>("auth.issueToken", params)).access_token;
  };
  /** Sends a request as a node of an account would, whatever it says of itself, and answers what comes back. */
  const send = async (account: BusUser, action: string, params: object, meta: object) => {
    const connection = await nodes.as(account);
    const id = newId();
    const answer = Promise.withResolvers<{
      success: boolean;
      data?: unknown;
      error?: { type: string };
      meta: object;
    }>();
    connection.subscribe(`MOL-waybill.RES.${account}.raw.*`, {
      callback: (_error, { data }) => answer.resolve(serializer().deserialize(Buffer.from(data), "") as never),
    });
    const target = action.split(".")[0];
    const request = packet(`${account}.raw`, { id, action, params, meta, level: 1 });
    await connection.flush();
    connection.publish(`MOL-waybill.REQ.${target}.n1.${account}.${action}`, request);
    const { success, error, ...rest } = await answer.promise;
    await connection.close();
    return { said: success ? "done" : error?.type, ...rest };
  };
  const list = async (meta: object) => (await send("api", "orders.list", {}, meta)).said;

  beforeAll(async () => {
    token = await tokenOf("demo-shop");
    forge = { header: headerOf(token), claims: claimsOf(token), own: await ownKey(owner) };
  });

  test("is what its token says, and nothing else that it says itself", async () => {
    expect(await list({ token })).toBe("done");
    expect(await list({ token, identity: CLAIMED })).toBe("done");
    // The claim has the scope, the token has not.
    for (const meta of [{ token }, { token, identity: CLAIMED }])
      expect((await send("api", "orders.listProcesses", {}, meta)).said).toBe("FORBIDDEN");
  });

  test.each<[string, BusUser, string, object]>([
    ["a client of another tenant", "api", "orders.list", CLAIMED],
    ["an administrator", "api", "orders.listProcesses", { ...CLAIMED, tenant: "demo" }],
    ["a service that is called", "api", "orders.list", { tenant: "*", client: "service:orders", scopes: [] }],
    ["a service that others run", "orders", "payments.authorise", { tenant: "*", client: "service:payments" }],
    ["a client, of what is for services", "orders", "payments.authorise", CLAIMED],
    ["an operator", "api", "orders.listProcesses", { tenant: "*", client: "operator:ada", scopes: ["admin"] }],
    ["nobody", "api", "orders.list", {}],
  ])("is nobody when it claims to be %s", async (_, account, action, identity) => {
    const params = action === "orders.list" || action === "orders.listProcesses" ? {} : { requests: [] };
    expect((await send(account, action, params, { identity })).said).toBe("UNAUTHORIZED");
  });

  test("is not for a token to say where only services may ask", async () => {
    expect((await send("orders", "payments.authorise", { requests: [] }, { token })).said).toBe("FORBIDDEN");
  });

  test.each<[string, () => unknown]>([
    ["that nobody signed", () => unsigned({ ...forge.header, alg: "none" }, forge.claims)],
    [
      "that was signed with the public key as a secret",
      () => signHS256({ ...forge.header, alg: "HS256" }, forge.claims, forge.own.publicPem),
    ],
    ["whose key is a path", () => signed({ ...forge.header, kid: "../../../../dev/null" })],
    ["whose key is SQL", () => signed({ ...forge.header, kid: "x' or '1'='1" })],
    ["whose key has a long name", () => signed({ ...forge.header, kid: "k".repeat(5_000) })],
    ["that is very long", () => signed(forge.header, { ...forge.claims, more: "x".repeat(9_000) })],
    ["for somebody else", () => signed(forge.header, { ...forge.claims, aud: "elsewhere" })],
    ["of somebody else", () => signed(forge.header, { ...forge.claims, iss: "https://evil.example" })],
    ["that has ended", () => signed(forge.header, { ...forge.claims, exp: now() - 1 })],
    ["that has not begun", () => signed(forge.header, { ...forge.claims, nbf: now() + 600 })],
    ["that makes a client a service", () => signed(forge.header, { ...forge.claims, client_id: "service:orders" })],
    ["that is no text", () => [token]],
    ["that is empty", () => ""],
  ])("is nobody with a token %s", async (_, make) => {
    expect(await list({ token: make(), identity: { tenant: "*", client: "service:api", scopes: [] } })).toBe(
      "UNAUTHORIZED",
    );
    // What makes it wrong is what was changed.
    expect(await list({ token: signed(forge.header) })).toBe("done");
  });

  test("is nobody any more once its token was revoked, also when nobody was told", async () => {
    const ending = await tokenOf("demo-shop");
    expect(await list({ token: ending })).toBe("done");
    await owner.query(
      "insert into auth.revoked_tokens (jti, tenant, expires_at, revoked_at) values ($1, 'demo', now() + interval '1 day', now())",
      [claimsOf(ending).jti],
    );
    await eventually("it is refused", async () => (await list({ token: ending })) === "UNAUTHORIZED");
  });

  test("is not told by an answer, which brings back what is for the caller alone", async () => {
    const answer = await send("api", "orders.list", {}, { token, identity: CLAIMED, address: "1.2.3.4" });
    expect(answer.meta).toEqual({});
  });

  test("is not taken for the node itself", async () => {
    const connection = await nodes.as("orders");
    const action = "orders.log.head";
    const ask = (sender: string) => {
      const request = packet(sender, { id: newId(), action, params: {}, meta: {}, level: 1 });
      connection.publish(`MOL-waybill.REQ.orders.n1.orders.${action}`, request);
    };
    const answered: string[] = [];
    for (const name of ["n1", "n2"])
      connection.subscribe(`MOL-waybill.RES.orders.${name}.*`, { callback: () => answered.push(name) });
    await connection.flush();
    ask("orders.n1");
    ask("orders.n2");
    await eventually("the other one is answered", () => answered.includes("n2"));
    expect(answered).toEqual(["n2"]);
  });

  function signed(header: object, claims: object = forge.claims): string {
    return signES256(header, claims, forge.own.privateKey);
  }
  const now = () => Math.floor(Date.now() / 1_000);
});

describe("a node that is not what it says", () => {
  const action = (name: string) => ({ [name]: { name, rawName: name.split(".")[1] } });
  const info = (sender: string, service: string, actions: object) =>
    packet(sender, {
      services: [{ name: service, fullName: service, settings: {}, metadata: {}, actions, events: {} }],
      ...{ instanceID: newId(), ipList: [], hostname: "h", client: {}, config: {}, metadata: {}, seq: 1 },
    });
  const isKnown = (nodeId: string) => orders.registry.nodes.get(nodeId) !== undefined;

  test("is not believed that it runs another's service", async () => {
    const connection = await nodes.as("catalog");
    const tell = (sender: string, service: string, name: string) =>
      connection.publish("MOL-waybill.INFO.catalog", info(sender, service, action(name)));
    tell("catalog.a", "payments", "payments.authorise");
    tell("catalog.b", "catalog", "payments.authorise");
    tell("payments.c", "payments", "payments.authorise");
    tell("catalog.d", "catalog", "catalog.quote");
    await eventually("the honest one is known", () => isKnown("catalog.d"));
    expect(["catalog.a", "catalog.b", "payments.c"].filter(isKnown)).toEqual([]);
    const asked = (orders.registry.actions.get("payments.authorise") as { endpoints: { id: string }[] }).endpoints;
    expect(asked.map(({ id }) => id)).toEqual(["payments.n1"]);
  });

  test("cannot take leave for another", async () => {
    const payment = await nodes.as("payments");
    payment.publish("MOL-waybill.INFO.payments", info("payments.gone", "payments", action("payments.authorise")));
    await eventually("another node of payments is known", () => orders.registry.nodes.get("payments.gone")?.available);
    const catalog = await nodes.as("catalog");
    catalog.publish("MOL-waybill.DISCONNECT.catalog", packet("payments.gone", {}));
    await catalog.flush();
    payment.publish("MOL-waybill.INFO.payments", info("payments.later", "payments", {}));
    await eventually("what came later is known", () => isKnown("payments.later"));
    expect(orders.registry.nodes.get("payments.gone")?.available).toBe(true);
    payment.publish("MOL-waybill.DISCONNECT.payments", packet("payments.gone", {}));
    await eventually("its own leave is believed", () => !orders.registry.nodes.get("payments.gone")?.available);
  });

  test("cannot answer what somebody else was asked", async () => {
    const inventory = await nodes.as("inventory");
    const asked = new Promise<{ id: string }>((resolve) => {
      inventory.subscribe("MOL-waybill.REQ.inventory.fake.>", {
        callback: (_error, { data }) => resolve(serializer().deserialize(Buffer.from(data), "") as { id: string }),
      });
    });
    // It is asked for a sign of life while it is waited for: somebody has to be there.
    inventory.subscribe("MOL-waybill.PING.inventory.fake.*", { callback: () => {} });
    await inventory.flush();
    inventory.publish("MOL-waybill.INFO.inventory", info("inventory.fake", "inventory", action("inventory.reserve")));
    await eventually("the node is known", () => isKnown("inventory.fake"));
    const told = { identity: { tenant: "acme", client: "x", scopes: ["admin"] }, token: "t", $replayed: true };
    const meta = {};
    const answer = orders.call("inventory.reserve", { requests: [] }, { nodeID: "inventory.fake", retries: 0, meta });
    const { id } = await asked;
    const respond = (sender: string, data: string) =>
      packet(sender, { id, success: true, data, meta: told, headers: null });
    const delivery = await nodes.as("delivery");
    delivery.publish("MOL-waybill.RES.orders.n1.delivery", respond("delivery.n1", "forged"));
    delivery.publish("MOL-waybill.RES.orders.n1.delivery", respond("inventory.fake", "forged"));
    await delivery.flush();
    // It comes after the others, and would come too late.
    inventory.publish("MOL-waybill.RES.orders.n1.inventory", respond("inventory.fake", "true"));
    expect(await answer).toBe("true");
    // Nor does an answer tell the caller who it is.
    expect(meta).toEqual({ $replayed: true });
  });
});

describe("Moleculer's own actions", () => {
  const INTERNAL = ["list", "services", "actions", "events", "health", "options", "metrics"].map(
    (name) => `$node.${name}`,
  );

  test.each(INTERNAL)("%s is called on no node", async (name) => {
    for (const nodeID of [undefined, "payments.n1", "orders.n1"]) {
      await expect(orders.call(name, {}, { nodeID, retries: 0 } as object)).rejects.toMatchObject({
        type: expect.stringMatching(/^SERVICE_NOT_(FOUND|AVAILABLE)$/),
      });
    }
  });

  test("are not there for those that NATS lets ask for everything", async () => {
    const connection = await nodes.as("operator");
    const answers: { success: boolean; error: { type: string } }[] = [];
    connection.subscribe("MOL-waybill.RES.operator.n1.*", {
      callback: (_error, { data }) => answers.push(serializer().deserialize(Buffer.from(data), "") as never),
    });
    await connection.flush();
    for (const action of INTERNAL) {
      const request = { id: newId(), action, params: {}, meta: {}, level: 1 };
      connection.publish(`MOL-waybill.REQ.payments.n1.operator.${action}`, packet("operator.n1", request));
    }
    await eventually("all are answered", () => answers.length === INTERNAL.length);
    expect(answers.map(({ success, error }) => [success, error.type])).toEqual(
      INTERNAL.map(() => [false, expect.stringMatching(/^SERVICE_NOT_(FOUND|AVAILABLE)$/)]),
    );
  });
});
