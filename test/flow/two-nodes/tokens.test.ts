import { keyIdOf } from "../../../platform/identity/access-token.ts";
import { verifierOf } from "../../../platform/identity/token-verifier.ts";
import { newId } from "../../../platform/ids.ts";
import type { AuthService } from "../../../services/auth/clients/auth-service.ts";
import { BusCluster, type NodeName } from "../../support/bus-cluster.ts";
import { Client } from "../../support/client.ts";
import { Feed } from "../../support/feed.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";
import { describeWithServers } from "../../support/with-servers.ts";

jest.setTimeout(90_000);

const NODES = ["auth-1", "auth-2", "orders-1", "notifications-1", "notifications-2", "api-1", "api-2"];
const GATEWAYS = ["api-1", "api-2"] as const;

describeWithServers("tokens in a cluster with two nodes of auth and two gateways", () => {
  let cluster: BusCluster;
  beforeAll(async () => {
    cluster = await BusCluster.start({ nodes: NODES });
  });
  afterEach(() => Feed.closeAll());
  afterAll(() => cluster.stop());

  const at = (gateway: NodeName, { token }: Client) => new Client(cluster.urlOf(gateway), token);
  const openFeed = ({ url, token }: Client) =>
    Feed.open(url, "/api/v1/events", { authorization: `Bearer ${token as string}` });
  const claims = ({ token }: Client) =>
    JSON.parse(Buffer.from((token as string).split(".")[1] as string, "base64url").toString()) as {
      jti: string;
      sid?: string;
      customer?: string;
      exp: number;
    };
  const revoke = async ({ url, token }: Client) => {
    const raw = new URLSearchParams({
      token: token as string,
      client_id: "demo-shop",
      client_secret: "demo-secret",
    }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await new Client(url).send("POST", "/api/v1/auth/revoke", { raw, headers })).status).toBe(200);
  };
  /** As a node does that dies between its commit and telling the others. */
  const revokeWithoutAWord = async (client: Client) => {
    const { jti, exp } = claims(client);
    await cluster.owner.query(
      "insert into auth.revoked_tokens (jti, tenant, expires_at, revoked_at) values ($1, 'demo', to_timestamp($2), now())",
      [jti, exp],
    );
  };
  const nodeOf = (name: NodeName) => cluster.node(name).getLocalService("auth") as unknown as AuthService;
  /** The nodes that take a token for a good one, each for itself. */
  const believers = async ({ token }: Client) => {
    const found = await Promise.all(
      cluster.nodes.map(async (name) => ((await verifierOf(cluster.node(name)).identify(token as string)) ? name : [])),
    );
    return found.flat().sort();
  };
  const isRefusedEverywhere = (client: Client) => async () => (await believers(client)).length === 0;

  test("are refused by all nodes once they are revoked at one gateway, and end what they have opened at the other", async () => {
    const shop = await cluster.client("demo-shop");
    expect(await believers(shop)).toEqual([...NODES].sort());
    const feeds = await Promise.all(GATEWAYS.map((gateway) => openFeed(at(gateway, shop))));
    expect(feeds.map(({ status }) => status)).toEqual([200, 200]);
    await revoke(shop);
    await eventually("all nodes refuse it", isRefusedEverywhere(shop), 1_000);
    await eventually("its feeds have ended", () => feeds.every(({ ended }) => ended), 1_000);
    for (const gateway of GATEWAYS) expect((await at(gateway, shop).get("/api/v1/orders")).status).toBe(401);
  });

  test("of a customer are refused by all nodes once the customer is disabled, has another password, or has ended the login", async () => {
    const operator = await cluster.client("demo-operator");
    const url = cluster.urlOf("api-1");
    for (const end of ["disabled", "password", "login"] as const) {
      const password = `the password before ${end}`;
      const account = { clientId: "demo-shop", email: `${end}@example.com`, password };
      expect((await new Client(url).post("/api/v1/auth/register", account)).status).toBe(201);
      const logIn = async () => {
        const { body } = await new Client(url).post("/api/v1/auth/login", account);
        return new Client(url, body.access_token);
      };
      const [one, other] = [await logIn(), await logIn()];
      expect(await believers(one)).toEqual([...NODES].sort());
      const { customer, sid } = claims(one);
      const path = `/api/v1/admin/customers/${customer}`;
      const change = { currentPassword: password, newPassword: "and the one after it" };
      if (end === "disabled") expect((await operator.put(path, { active: false })).status).toBe(200);
      if (end === "password") expect((await other.post("/api/v1/users/password", change)).status).toBe(204);
      if (end === "login") expect((await other.send("DELETE", `/api/v1/users/logins/${sid}`)).status).toBe(204);
      await eventually("all nodes refuse it", isRefusedEverywhere(one), 1_000);
      expect(await believers(other)).toEqual(end === "disabled" ? [] : [...NODES].sort());
    }
  });

  test("end their feeds also when the news of their end was lost", async () => {
    const [shop, other] = [await cluster.client("demo-shop"), await cluster.client("demo-shop")];
    const feeds = await Promise.all(GATEWAYS.map((gateway) => openFeed(at(gateway, shop))));
    const others = await openFeed(at("api-2", other));
    await revokeWithoutAWord(shop);
    await eventually("all nodes refuse it", isRefusedEverywhere(shop));
    for (const gateway of GATEWAYS) expect((await at(gateway, shop).get("/api/v1/orders")).status).toBe(401);
    await eventually("its feeds have ended", () => feeds.every(({ ended }) => ended));
    expect(others.ended).toBe(false);
  });

  test("have tickets that one of two gateways takes, once", async () => {
    const shop = await cluster.client("demo-shop");
    for (let round = 0; round < 10; round++) {
      const { ticket } = (await shop.post("/api/v1/events/tickets", {})).body;
      const opened = await Promise.all(
        [...GATEWAYS, ...GATEWAYS].map((name) => Feed.open(cluster.urlOf(name), `/api/v1/events?ticket=${ticket}`)),
      );
      expect(opened.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    }
  });

  test("have tickets that open nothing for long when the news of the token's end was lost", async () => {
    const shop = await cluster.client("demo-shop");
    const newTicket = async () => (await shop.post("/api/v1/events/tickets", {})).body.ticket;
    const [ticket, late] = [await newTicket(), await newTicket()];
    await revokeWithoutAWord(shop);
    const feed = await Feed.open(cluster.urlOf("api-2"), `/api/v1/events?ticket=${ticket}`);
    await eventually("it has ended, or was not opened", () => feed.ended || feed.status === 401);
    await eventually("all nodes refuse the token", isRefusedEverywhere(shop));
    expect((await Feed.open(cluster.urlOf("api-1"), `/api/v1/events?ticket=${late}`)).status).toBe(401);
  });

  test("stay revoked when nodes start anew and Redis was emptied", async () => {
    const [shop, other] = [await cluster.client("demo-shop"), await cluster.client("demo-shop")];
    await revokeWithoutAWord(shop);
    await cluster.stopNodes("auth-2", "orders-1", "api-2");
    await cluster.forgetCache();
    await cluster.startNodes("auth-2", "orders-1", "api-2");
    await eventually("all nodes refuse it", isRefusedEverywhere(shop));
    await eventually("all nodes believe the other", async () => (await believers(other)).length === NODES.length);
    for (const gateway of GATEWAYS) {
      expect((await at(gateway, shop).get("/api/v1/orders")).status).toBe(401);
      expect((await at(gateway, other).get("/api/v1/orders")).status).toBe(200);
    }
  });

  test("are signed with one node's new key by all nodes, which all show it", async () => {
    const before = await cluster.client("demo-shop");
    await cluster.owner.query("update auth.signing_keys set created_at = now() - interval '91 days'");
    nodeOf("auth-1").memory.agedAt = Number.NEGATIVE_INFINITY;
    const old = nodeOf("auth-2").keys.signing.kid;
    // Nobody is turned away meanwhile, by whichever key and at whichever gateway.
    let rotating = true;
    const refused: unknown[] = [];
    const asking = Promise.all(
      GATEWAYS.map(async (gateway) => {
        while (rotating) {
          const fresh = await cluster.client("demo-shop");
          for (const one of [before, fresh]) {
            const { status } = await at(gateway, one).get("/api/v1/orders");
            if (status !== 200) refused.push([gateway, status, one === fresh]);
          }
        }
      }),
    );
    const kid = await eventually("there is a new key", async () => {
      const { rows } = await cluster.owner.query<{ kid: string }>(
        "select kid from auth.signing_keys where retired_at is null and kid <> $1",
        [old],
      );
      return rows[0]?.kid;
    });
    const shown = async (name: NodeName) => {
      const { keys } = await cluster
        .node("api-1")
        .call<{ keys: { kid: string }[] }, object>("auth.jwks", {}, { nodeID: cluster.node(name).nodeID });
      return keys.map((key) => key.kid);
    };
    for (const name of ["auth-1", "auth-2"] as const) {
      await eventually(`${name} shows it`, async () => (await shown(name)).includes(kid), 5_000);
      await eventually(`${name} signs with it`, () => nodeOf(name).keys.signing.kid === kid, 5_000);
    }
    rotating = false;
    await asking;
    expect(refused).toEqual([]);
    const after = await cluster.client("demo-shop");
    expect(keyIdOf(after.token as string)).toBe(kid);
    for (const client of [before, after]) expect(await believers(client)).toEqual([...NODES].sort());
  });

  test("open what reads, and nothing that changes, while nobody knows which of them were revoked", async () => {
    const operator = await cluster.client("demo-operator");
    const newcomer = await cluster.client("demo-operator");
    const id = newId();
    const cancel = () => operator.post(`/api/v1/orders/${id}/cancel`, {});
    const redrive = () => operator.post("/api/v1/admin/dead-letters/redrive", {});
    expect((await cancel()).status).toBe(404);
    await cluster.stopNodes("auth-1", "auth-2");
    for (const change of [cancel, redrive]) {
      // Each node by itself: one has looked half a second later than another.
      const answer = await eventually("it is refused for that", async () => {
        const given = await change();
        const isThat = given.body.detail === "It is not known which access tokens were revoked.";
        return isThat ? given : undefined;
      });
      expectProblem(answer, 503, "UNAVAILABLE");
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
    for (const gateway of GATEWAYS) {
      for (const client of [operator, newcomer])
        expect((await at(gateway, client).get("/api/v1/orders")).status).toBe(200);
    }
    // What does no harm is done.
    const { status, body } = await operator.post("/api/v1/events/tickets", {});
    expect(status).toBe(201);
    expect((await Feed.open(cluster.urlOf("api-2"), `/api/v1/events?ticket=${body.ticket}`)).status).toBe(200);
    await cluster.startNodes("auth-1", "auth-2");
    await eventually("it is asked again", async () => (await cancel()).status === 404);
  });
});
