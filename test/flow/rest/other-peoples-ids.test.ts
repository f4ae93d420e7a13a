import { isDeepStrictEqual } from "node:util";
import { newId } from "../../../platform/ids.ts";
import { type Answer, Client } from "../../support/client.ts";
import { ApiDocument, type Operation } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { confirmedOrder, deadLetter, deadMessage, troubledProcess, webhook } from "../../support/samples.ts";
import { Trace } from "../../support/trace.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PASSWORD = "correct horse battery staple";
const ABSENT = "01890000-0000-7000-8000-000000000000";

/** What of a tenant's, or of a customer's, an id in a path names; undefined: nothing of anybody's. */
type Owned =
  | "order"
  | "shipment"
  | "product"
  | "sku"
  | "deadLetter"
  | "process"
  | "customer"
  | "client"
  | "address"
  | "message"
  | "login"
  | "account"
  | "webhook"
  | "webhookDelivery"
  | undefined;

/** Every parameter of every path. One that is new fails the test until it is here. */
const NAMED: readonly (readonly [path: RegExp, parameter: string, what: Owned])[] = [
  [/\/orders\/\{id\}/, "id", "order"],
  [/\/delivery\/shipment\/\{orderId\}/, "orderId", "order"],
  [/\/delivery\/shipment\/\{shipmentId\}/, "shipmentId", "shipment"],
  [/\/shipments\/\{id\}/, "id", "shipment"],
  [/\/products\/\{id\}/, "id", "product"],
  [/\/inventory\/\{sku\}/, "sku", "sku"],
  [/\/admin\/dead-letters\/\{id\}/, "id", "deadLetter"],
  [/\/admin\/processes\/\{orderId\}/, "orderId", "process"],
  [/\/orders\/user\/\{userId\}/, "userId", "customer"],
  [/\/admin\/clients\/\{id\}/, "id", "client"],
  // Tenants are the platform's operators' alone to see: test/flow/rest/admin-tenants.test.ts.
  [/\/admin\/tenants\//, "id", undefined],
  [/\/users\/addresses\/\{id\}/, "id", "address"],
  [/\/users\/logins\/\{id\}/, "id", "login"],
  [/\/admin\/customers\/\{id\}/, "id", "account"],
  [/\/admin\/outbox\/\{id\}/, "id", "message"],
  // What a template is for is called the same in every tenant, and each has its own.
  [/\/notifications\/templates\//, "type", undefined],
  [/\/notifications\/templates\//, "medium", undefined],
  [/\/notifications\/templates\//, "language", undefined],
  [/\/webhooks\/\{id\}/, "id", "webhook"],
  [/\/webhooks\/\{id\}\/deliveries\//, "deliveryId", "webhookDelivery"],
  // The platform's own subscriptions are the same for every tenant's operators.
  [/\/admin\/subscriptions\//, "domain", undefined],
  [/\/admin\/subscriptions\//, "channel", undefined],
];
/** Ids in a query that names somebody's things. */
const QUERIES: Readonly<Record<string, Owned>> = {
  "GET /api/v1/shipments?orderId": "order",
  "GET /api/v1/orders?customerId": "customer",
  "GET /api/v1/admin/outbox?orderId": "order",
};

/**
 * Work that is not the request's own: what the gateway reads anew now and then, and the writing of the audit log, which
 * takes several acts at once as they come.
 */
const SHARED = /^((call )?auth\.edge_?rules|audit\.\w+|begin.*|commit|rollback)$/i;

type Things = Readonly<Record<NonNullable<Owned>, { readonly id: string; readonly absent: string }>>;

describe("ids of other people", () => {
  let platform: TestPlatform;
  let document: ApiDocument;
  let demo: Things;
  let ada: Client;
  const thingsOf = (ids: Record<NonNullable<Owned>, string>): Things =>
    Object.fromEntries(
      Object.entries(ids).map(([what, id]) => [what, { id, absent: what === "sku" ? "NO-SUCH-SKU" : ABSENT }]),
    ) as Things;

  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    document = await ApiDocument.load(new Client(platform.url));
    const operator = await platform.client("demo-operator");
    ada = await customer("ada@example.com");
    const order = await confirmedOrder(ada);
    const { rows } = await platform.owner.query<{ id: string }>(
      "select customer_id as id from orders.orders where id = $1",
      [order.id],
    );
    await troubledProcess(platform, order.id);
    const home = { name: "Ada", line1: "12 Harbour St", city: "Hamburg", postalCode: "20095", country: "DE" };
    const address = await ada.post("/api/v1/users/addresses", home);
    // Acme sells some of the same things.
    await operator.put("/api/v1/inventory/DEMO-ONLY", { onHand: 5 });
    demo = thingsOf({
      order: order.id,
      shipment: order.shipment.id,
      product: (await operator.get("/api/v1/products?q=SKU-COFFEE-1KG")).body.items[0].id,
      sku: "DEMO-ONLY",
      deadLetter: await deadLetter(platform),
      process: order.id,
      customer: rows[0]?.id as string,
      client: "demo-courier",
      address: address.body.id,
      message: await deadMessage(platform),
      login: (await ada.get("/api/v1/users/logins")).body.items[0].id,
      account: rows[0]?.id as string,
      ...(await webhook(operator)),
    });
  });
  afterAll(() => platform.stop());

  async function customer(email: string): Promise<Client> {
    const body = { clientId: "demo-shop", email, password: PASSWORD };
    const { body: tokens } = await new Client(platform.url).post("/api/v1/auth/login", body);
    return new Client(platform.url, tokens.access_token);
  }

  const ownedBy = ({ path }: Operation, parameter: string): Owned | "unknown" => {
    const found = NAMED.find(([pattern, name]) => name === parameter && pattern.test(path));
    return found ? found[2] : "unknown";
  };
  const parametersOf = ({ path }: Operation) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);

  /** What is asked for somebody's thing, and for one that is not there: by the path, or by the query. */
  interface Probe {
    readonly name: string;
    readonly operation: Operation;
    readonly what: NonNullable<Owned>;
    path(id: string): string;
  }

  const probes = (): Probe[] =>
    document.operations
      .filter(({ scopes }) => scopes !== undefined)
      .flatMap((operation): Probe[] => {
        const byPath = parametersOf(operation).flatMap((parameter): Probe[] => {
          const what = ownedBy(operation, parameter);
          if (what === undefined || what === "unknown") return [];
          // Of two the other one is right.
          const path = (id: string) =>
            operation.path
              .replace(`{${parameter}}`, id)
              .replace("{deliveryId}", demo.webhookDelivery.id)
              .replace(/webhooks\/\{id\}/, `webhooks/${demo.webhook.id}`);
          return [{ name: operation.name, operation, what, path }];
        });
        const byQuery = operation.parameters.flatMap(({ name }): Probe[] => {
          const what = QUERIES[`${operation.name}?${name}`];
          if (!what) return [];
          const path = (id: string) => `${operation.path}?${name}=${id}`;
          return [{ name: `${operation.name}?${name}`, operation, what, path }];
        });
        return [...byPath, ...byQuery];
      });

  const ask = (client: Client, { operation, path }: Probe, id: string, key = newId()): Promise<Answer> =>
    client.send(operation.method.toUpperCase(), path(id), { key });

  /** All of an answer that is not drawn by lot. */
  const shown = ({ status, headers, body }: Answer) => {
    const { requestId: _, instance: _i, ...rest } = body ?? {};
    // How much is left of a limit goes down with each request.
    const others = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !/^(date|x-request-id|ratelimit-.*)$/.test(name)),
    );
    return { status, headers: others, body: rest };
  };

  test("are in every path that the document has, and this test knows whose", () => {
    const unknown = document.operations.flatMap((operation) =>
      parametersOf(operation)
        .filter((parameter) => ownedBy(operation, parameter) === "unknown")
        .map((parameter) => `${operation.name}: ${parameter}`),
    );
    expect(unknown).toEqual([]);
    expect(probes().length).toBeGreaterThan(15);
  });

  test("name what is there for whom it belongs to", async () => {
    const operator = await platform.client("demo-operator");
    for (const probe of probes().filter(({ name }) => name.startsWith("GET "))) {
      // A feed that is found goes on for ever.
      if (probe.path("").includes("/events")) continue;
      const { status } = await ask(probe.path("").includes("/users/") ? ada : operator, probe, demo[probe.what].id);
      expect([probe.name, status]).toEqual([probe.name, 200]);
    }
  });

  test.each([
    "another tenant's operator",
    "another customer of the same shop",
    "another customer who has ordered, too",
  ])("tell %s nothing: not even that they exist", async (who) => {
    const other = who.includes("tenant") ? await platform.client("acme-operator") : await customer("grace@example.com");
    if (who.includes("ordered")) await confirmedOrder(other);
    const trace = new Trace(platform);
    for (const probe of probes()) {
      const { id, absent } = demo[probe.what];
      // What is read once and kept is read by the first to ask.
      await ask(other, probe, absent);
      const traces = [await trace.of(() => ask(other, probe, id)), await trace.of(() => ask(other, probe, absent))];
      const [theirs, nobodys] = traces.map(({ answer }) => answer) as [Answer, Answer];
      // What the shop sells and has is no secret to its own customers, as far as their token goes.
      if (!who.includes("tenant") && (probe.what === "product" || probe.what === "sku")) continue;
      expect([probe.name, shown(theirs)]).toEqual([probe.name, shown(nobodys)]);
      // It makes the stock of one's own SKU, whatever that is called at others.
      if (probe.name === "PUT /api/v1/inventory/{sku}") continue;
      // Nor do they take longer: what is done is the same. What is recorded after the answer comes a moment later.
      const work = () => traces.map((one) => one.work.filter((name) => !SHARED.test(name)).toSorted());
      await eventually("as much is done for both", () => isDeepStrictEqual(work()[0], work()[1]), 2_000).catch(
        () => {},
      );
      expect([probe.name, work()[0]]).toEqual([probe.name, work()[1]]);
      if (theirs.status === 404) expect([probe.name, work()[0]]).not.toEqual([probe.name, []]);
      const isList = probe.name.includes("?") || probe.what === "customer";
      const mayAsk = theirs.status !== 403;
      if (mayAsk && !isList) expect([probe.name, theirs.status]).toEqual([probe.name, 404]);
      if (mayAsk && isList) expect([probe.name, theirs.body.items]).toEqual([probe.name, []]);
      expect(JSON.stringify([theirs.body, theirs.headers])).not.toContain(id);
    }
  });
});
