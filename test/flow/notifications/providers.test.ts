import type { ServiceBroker } from "moleculer";
import { newId } from "../../../platform/ids.ts";
import type { Medium } from "../../../services/notifications/media/medium.ts";
import type { NotificationsService } from "../../../services/notifications/shared/notifications-service.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { newCustomer } from "../../support/customers.ts";
import { HttpProviderServer } from "../../support/http-provider.ts";
import { MailServer } from "../../support/mail-server.ts";
import { hurrying } from "../../support/messages.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(120_000);

const TYPES = ["ORDER_PLACED", "ORDER_CONFIRMED", "ORDER_SHIPPED", "ORDER_DELIVERED"];

function serviceOf(node: ServiceBroker): NotificationsService {
  return node.getLocalService("notifications") as unknown as NotificationsService;
}

describe("short messages and push notifications", () => {
  let mail: MailServer;
  let sms: HttpProviderServer;
  let push: HttpProviderServer;
  let platform: TestPlatform;
  beforeAll(async () => {
    [mail, sms, push] = await Promise.all([MailServer.start(), HttpProviderServer.start(), HttpProviderServer.start()]);
    platform = await startPlatform({
      ...{ SMTP_URL: mail.url, MAIL_FROM: "orders@shop.example" },
      ...{ SMS_URL: sms.url, SMS_TOKEN: "sms-token", PUSH_URL: push.url, PUSH_TOKEN: "push-token" },
    });
  });
  afterAll(async () => {
    await platform.stop();
    await Promise.all([mail.down(), sms.stop(), push.stop()]);
  });
  beforeEach(() => {
    for (const provider of [sms, push]) {
      provider.requests.length = 0;
      provider.answer = () => ({ status: 202 });
    }
  });

  const customer = async (name: string): Promise<Client> => {
    const client = await newCustomer(platform.url, name);
    await client.put("/api/v1/users/profile", { phone: `+49 ${name}` });
    const items = TYPES.flatMap((type) => ["sms", "push"].map((medium) => ({ type, medium, enabled: true })));
    expect((await client.put("/api/v1/notifications/preferences", { items })).status).toBe(200);
    return client;
  };
  const place = async (client: Client): Promise<string> => {
    const { status, body } = await client.post("/api/v1/orders", orderBody(), newId());
    expect(status).toBe(201);
    return body.id;
  };
  const rowsOf = async (orderId: string, medium: string) =>
    (
      await platform.owner.query(
        "select id, type, state, attempts, error from notifications.messages where order_id = $1 and medium = $2 order by version",
        [orderId, medium],
      )
    ).rows;
  const hurry = hurrying(() => platform);
  const settled = (orderId: string, medium: string) =>
    eventually(
      `all by ${medium} is settled`,
      async () => {
        await hurry();
        const rows = await rowsOf(orderId, medium);
        return rows.length === 4 && rows.every(({ state }) => state !== "PENDING") ? rows : undefined;
      },
      60_000,
    );

  test("go to their providers, each once under an Idempotency-Key of its own, in order", async () => {
    const id = await place(await customer("123"));
    for (const [medium, provider, token] of [
      ["sms", sms, "sms-token"],
      ["push", push, "push-token"],
    ] as const) {
      const rows = await settled(id, medium);
      expect(rows.map(({ state }) => state)).toEqual(["SENT", "SENT", "SENT", "SENT"]);
      expect(provider.requests.map(({ key }) => key)).toEqual(rows.map((row) => row.id));
      expect(new Set(provider.requests.map(({ authorization }) => authorization))).toEqual(
        new Set([`Bearer ${token}`]),
      );
    }
    expect(sms.requests[0]?.body).toEqual({
      ...{ id: sms.requests[0]?.key, to: "+49 123" },
      text: expect.stringMatching(/^demo: We have received your order \S+ \(€[\d.]+\)\.$/),
    });
    expect(push.requests[2]?.body).toMatchObject({ title: "demo", text: expect.stringContaining("Tracking number") });
  });

  test("wait for an earlier one that its node has not come to", async () => {
    // No node comes to what it has recorded of this event: it is left to its row.
    for (const { unsent } of platform.nodes("notifications").map(serviceOf)) {
      const add = unsent.add.bind(unsent);
      jest
        .spyOn(unsent, "add")
        .mockImplementation((held) => add(held.filter(({ message }) => message.type !== "ORDER_CONFIRMED")));
    }
    const id = await place(await customer("321"));
    const keys = (await settled(id, "sms")).map((row) => row.id);
    expect(sms.requests.map(({ key }) => key)).toEqual(keys);
    expect((await rowsOf(id, "email")).map(({ type, state }) => [type, state])).toContainEqual([
      "ORDER_CONFIRMED",
      "PENDING",
    ]);
  });

  test("that are refused for now come again under the same key, and later ones wait for them", async () => {
    const answers = [500, 429, 503];
    sms.answer = () => ({ status: answers.shift() ?? 202, retryAfter: 1 });
    const id = await place(await customer("456"));
    const rows = await settled(id, "sms");
    expect(rows.map(({ state, attempts }) => [state, attempts])).toEqual([
      ["SENT", 4],
      ["SENT", 1],
      ["SENT", 1],
      ["SENT", 1],
    ]);
    const keys = rows.map((row) => row.id);
    expect(sms.requests.map(({ key }) => key)).toEqual([keys[0], keys[0], keys[0], ...keys]);
  });

  test("that are refused for good are dead letters, and the others go", async () => {
    push.answer = ({ body }) => ({ status: body.text.includes("confirmed") ? 422 : 202 });
    const id = await place(await customer("789"));
    expect((await settled(id, "push")).map(({ state, error }) => error ?? state)).toEqual([
      "SENT",
      "HTTP_422",
      "SENT",
      "SENT",
    ]);
  });

  test("of a provider that does not answer delay nothing of the other media", async () => {
    const media = platform.nodes("notifications").map((node) => serviceOf(node).lanes.get("sms")?.medium as Medium);
    const sends = media.map((medium) => medium.send);
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    // Without an end of its own, so that whoever waits for it waits in vain.
    for (const [i, medium] of media.entries())
      medium.send = async (messages) => {
        await answered;
        return (sends[i] as Medium["send"]).call(medium, messages);
      };
    try {
      const clients = await Promise.all(["a", "b", "c"].map((name) => customer(`slow-${name}`)));
      const ids = await Promise.all(clients.map(place));
      for (const id of ids) {
        for (const name of ["email", "push"])
          expect((await settled(id, name)).map(({ state }) => state)).toEqual(Array(4).fill("SENT"));
        expect((await rowsOf(id, "sms")).map(({ state }) => state)).toEqual(Array(4).fill("PENDING"));
      }
      answer();
      for (const id of ids) expect((await settled(id, "sms")).map(({ state }) => state)).toEqual(Array(4).fill("SENT"));
    } finally {
      answer();
      for (const [i, medium] of media.entries()) medium.send = sends[i] as Medium["send"];
    }
  });
});
