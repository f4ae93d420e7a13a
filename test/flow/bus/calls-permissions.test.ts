import { connect } from "nats";
import { SERVICES } from "../../../platform/config.ts";
import type { BusUser } from "../../../scripts/cluster/nats-config.ts";
import { ACCOUNTS, EDGE, refused, split, startBus, type TestBus } from "../../support/bus.ts";

jest.setTimeout(60_000);

let bus: TestBus;
beforeAll(async () => {
  bus = await startBus();
});
afterEach(() => bus.disconnect());
afterAll(() => bus.stop());

/** The accounts whose nodes run a service. */
function nodesOf(service: BusUser): BusUser[] {
  return EDGE.includes(service) ? [service, "edge"] : [service];
}

/** Who may call what. Written down here once more, by hand: it is what the grants have to come to. */
const CALLERS: Readonly<Record<string, readonly BusUser[]>> = {
  "auth.issueToken": ["api"],
  "auth.jwks": SERVICES,
  "auth.revocations": SERVICES,
  "auth.recordAct": ["catalog", "inventory", "delivery", "notifications", "webhooks", "orders"],
  "auth.recordOutcome": ["catalog", "inventory", "delivery", "notifications", "webhooks", "orders"],
  "auth.contacts": ["notifications"],
  "auth.verifyAuditLog": [],
  "auth.health.check": ["api"],
  "catalog.create": ["api"],
  "catalog.quote": ["orders"],
  "catalog.log.read": ["catalog"],
  "catalog.health.figures": ["api"],
  "inventory.set": ["api"],
  "inventory.availability": ["orders"],
  "inventory.reserve": ["orders"],
  "inventory.release": ["orders"],
  "inventory.deadLetters.discard": ["api"],
  "inventory.log.read": ["inventory"],
  "payments.listOfOrder": ["api"],
  "payments.refund": [],
  "payments.authorise": ["orders"],
  "payments.capture": ["orders"],
  "payments.void": ["orders"],
  "payments.log.heads": ["payments"],
  "delivery.setStatus": ["api"],
  "delivery.move": ["orders"],
  "delivery.visible": ["api"],
  "delivery.cancel": ["orders"],
  "delivery.log.read": ["delivery", "inventory", "orders"],
  "notifications.issueTicket": ["api"],
  "notifications.redeemTicket": ["api"],
  "notifications.unsubscribe": ["api"],
  "notifications.setTemplate": ["api"],
  "notifications.deadLetters.list": ["api"],
  "orders.place": ["api"],
  "orders.cancel": ["api"],
  "orders.setStatus": ["api"],
  "orders.figures": ["api"],
  "orders.recipients": ["notifications"],
  "orders.visible": ["api", "payments"],
  "orders.recordRefunds": ["payments"],
  "webhooks.create": ["api"],
  "webhooks.log.read": ["notifications", "webhooks"],
  "orders.log.read": ["api", "orders", "delivery", "notifications", "webhooks"],
  "orders.log.heads": ["orders", "delivery", "notifications", "webhooks"],
  "orders.deadLetters.redrive": ["api"],
  "orders.$node.options": [],
  "api.listDeadLetters": [],
};

const callersOf = (action: string): BusUser[] => {
  const services = CALLERS[action] as readonly BusUser[];
  return [...services, ...(services.some((service) => EDGE.includes(service)) ? (["edge"] as const) : []), "operator"];
};

describe("on the bus of the calls", () => {
  test.each(ACCOUNTS)("%s sends requests for what it calls, and for nothing else", async (account) => {
    const table = Object.keys(CALLERS).flatMap((action) =>
      nodesOf(action.split(".")[0] as BusUser).map(
        (target) => [`MOL-waybill.REQ.${target}.n1.${account}.${action}`, callersOf(action)] as const,
      ),
    );
    const { all, not } = split(account, table);
    expect(await refused(await bus.as(account), "publish", all)).toEqual(not);
  });

  test.each(ACCOUNTS)("%s asks no node for what it does not run", async (account) => {
    const subjects = ACCOUNTS.flatMap((target) =>
      Object.keys(CALLERS)
        .filter((action) => !nodesOf(action.split(".")[0] as BusUser).includes(target))
        .map((action) => `MOL-waybill.REQ.${target}.n1.${account}.${action}`),
    );
    // Operators may call everything; who runs nothing of it answers that.
    const may = (subject: string) => account === "operator" && !subject.startsWith("MOL-waybill.REQ.operator.");
    expect(await refused(await bus.as(account), "publish", subjects)).toEqual(subjects.filter((one) => !may(one)));
  });

  test.each(ACCOUNTS)("%s answers those that call it, and nobody else", async (account) => {
    const runs = account === "edge" ? EDGE : [account];
    const callers = Object.keys(CALLERS)
      .filter((action) => runs.includes(action.split(".")[0] as BusUser))
      .flatMap(callersOf);
    const table = ACCOUNTS.map(
      (target) => [`MOL-waybill.RES.${target}.n1.${account}`, callers.includes(target) ? [account] : []] as const,
    );
    const { all, not } = split(account, table);
    expect(await refused(await bus.as(account), "publish", all)).toEqual(not);
  });

  test.each(ACCOUNTS)("%s tells only what is its to tell, to those that listen to it", async (account) => {
    const listeners = {
      "auth.token_revoked": [...SERVICES, "edge"],
      "orders.log.grown": ["api", "edge"],
    };
    const tellers = { "auth.token_revoked": ["auth", "edge"], "orders.log.grown": ["orders", "edge"] };
    const table = Object.entries(listeners).flatMap(([event, to]) =>
      ACCOUNTS.map((target) => {
        const who = to.includes(target) ? tellers[event as keyof typeof tellers] : [];
        return [`MOL-waybill.EVENT.${target}.n1.${account}.${event}`, who as BusUser[]] as const;
      }),
    );
    const { all, not } = split(account, table);
    expect(await refused(await bus.as(account), "publish", all)).toEqual(not);
  });

  test.each(ACCOUNTS)("%s says nothing in another's name", async (account) => {
    const others = ACCOUNTS.filter((other) => other !== account);
    const subjects = others.flatMap((other) => [
      ...["INFO", "DISCOVER", "DISCONNECT", "HEARTBEAT", "PING"].map((type) => `MOL-waybill.${type}.${other}`),
      ...["INFO", "DISCOVER", "PING", "PONG", "RES"].map((type) => `MOL-waybill.${type}.api.n1.${other}`),
      `MOL-waybill.REQ.payments.n1.${other}.payments.void`,
      `MOL-waybill.EVENT.api.n1.${other}.auth.token_revoked`,
    ]);
    expect(await refused(await bus.as(account), "publish", subjects)).toEqual(subjects);
  });

  test.each(ACCOUNTS)("%s makes itself known", async (account) => {
    const subjects = [
      ...["INFO", "DISCOVER", "DISCONNECT", "HEARTBEAT", "PING"].map((type) => `MOL-waybill.${type}.${account}`),
      ...["INFO", "DISCOVER", "PING", "PONG"].flatMap((type) =>
        ACCOUNTS.map((target) => `MOL-waybill.${type}.${target}.n1.${account}`),
      ),
    ];
    expect(await refused(await bus.as(account), "publish", subjects)).toEqual([]);
  });

  test.each(ACCOUNTS)("%s hears what is for it and for all, and nothing of the others", async (account) => {
    const types = ["REQ", "RES", "EVENT", "INFO", "DISCOVER", "PING", "PONG"];
    const last = (type: string) => (type === "REQ" || type === "EVENT" ? ">" : "*");
    const table = [
      ...ACCOUNTS.flatMap((target) =>
        types.map((type) => [`MOL-waybill.${type}.${target}.n1.${last(type)}`, [target]] as const),
      ),
      ...ACCOUNTS.map((target) => [`_INBOX.${target}.>`, [target]] as const),
      ...["INFO", "DISCOVER", "DISCONNECT", "HEARTBEAT", "PING"].map(
        (type) => [`MOL-waybill.${type}.*`, ACCOUNTS] as const,
      ),
      ...[
        ">",
        "*.>",
        "MOL-waybill.>",
        "MOL-waybill.REQ.>",
        "MOL-waybill.*.payments.>",
        "_INBOX.>",
        "$SYS.>",
        "$JS.>",
      ].map((subject) => [subject, []] as const),
      ["waybill.log.>", []] as const,
    ];
    const { all, not } = split(account, table);
    expect(await refused(await bus.as(account), "subscribe", all)).toEqual(not);
  });

  test.each(ACCOUNTS)("%s reaches no JetStream and not NATS's own subjects", async (account) => {
    const subjects = [
      "$JS.API.INFO",
      "$JS.API.STREAM.NAMES",
      "$JS.API.STREAM.CREATE.waybill_orders",
      "$JS.API.STREAM.DELETE.waybill_orders",
      "$SYS.REQ.SERVER.PING",
      "$SYS.REQ.ACCOUNT.calls.CONNZ",
      "waybill.log.orders.0",
      `_INBOX.${account}.x`,
      "anything",
    ];
    expect(await refused(await bus.as(account), "publish", subjects)).toEqual(subjects);
  });
});

describe("who does not belong to the cluster", () => {
  test.each([
    ["without credentials", {}],
    ["with a wrong password", { user: "orders", pass: "wrong" }],
    ["with another account's password", { user: "orders", pass: "test-secret-catalog" }],
    ["with an account that is not there", { user: "nobody", pass: "test-secret-orders" }],
    ["as the system", { user: "sys", pass: "sys" }],
    ["with a token", { token: "test-secret-orders" }],
  ])("is not let in %s", async (_, credentials) => {
    const servers = `127.0.0.1:${bus.nats.port}`;
    await expect(connect({ servers, reconnect: false, ...credentials })).rejects.toMatchObject({
      code: "AUTHORIZATION_VIOLATION",
    });
  });
});
