import { connect as connectSocket, type Socket } from "node:net";
import type { ServiceBroker } from "moleculer";
import { StorageType } from "nats";
import pg from "pg";
import { newId } from "../../../platform/ids.ts";
import { refused, startNodes, type TestNodes } from "../../support/bus.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

let nodes: TestNodes;
let owner: pg.Client;
let payments: ServiceBroker;
let orders: ServiceBroker;

beforeAll(async () => {
  nodes = await startNodes();
  owner = new pg.Client({ connectionString: nodes.db.ownerUrl });
  await owner.connect();
  payments = await nodes.make("payments");
  orders = await nodes.make("orders");
  await Promise.all([payments.start(), orders.start()]);
  await orders.waitForServices(["payments"]);
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
    await inventory.flush();
    inventory.publish("MOL-waybill.INFO.inventory", info("inventory.fake", "inventory", action("inventory.reserve")));
    await eventually("the node is known", () => isKnown("inventory.fake"));
    const answer = orders.call("inventory.reserve", { requests: [] }, { nodeID: "inventory.fake", retries: 0 });
    const { id } = await asked;
    const respond = (sender: string, data: string) =>
      packet(sender, { id, success: true, data, meta: {}, headers: null });
    const delivery = await nodes.as("delivery");
    delivery.publish("MOL-waybill.RES.orders.n1.delivery", respond("delivery.n1", "forged"));
    delivery.publish("MOL-waybill.RES.orders.n1.delivery", respond("inventory.fake", "forged"));
    await delivery.flush();
    // It comes after the others, and would come too late.
    inventory.publish("MOL-waybill.RES.orders.n1.inventory", respond("inventory.fake", "true"));
    expect(await answer).toBe("true");
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
