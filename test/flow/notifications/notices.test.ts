import type { Client } from "../../support/client.ts";
import { MailServer } from "../../support/mail-server.ts";
import { hurrying } from "../../support/messages.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";
import { answer, Receiver } from "../../support/webhook-receiver.ts";
import { addWebhook, endedOrders } from "../../support/webhooks.ts";

jest.setTimeout(60_000);

const SETTINGS = "/api/v1/notifications/settings";

describe("a tenant whose endpoint is disabled", () => {
  let server: MailServer;
  let receiver: Receiver;
  let platform: TestPlatform;
  let operator: Client;
  beforeAll(async () => {
    [server, receiver] = await Promise.all([MailServer.start(), Receiver.start()]);
    receiver.answering = answer(410);
    platform = await startPlatform({
      ...{ SMTP_URL: server.url, MAIL_FROM: "orders@platform.example", WEBHOOKS_FIRST_RETRY_MS: "20" },
    });
    operator = await platform.client("demo-operator");
  });
  afterAll(async () => {
    await platform.stop();
    await Promise.all([server.down(), receiver.close()]);
  });
  beforeEach(() => {
    server.refuse = () => undefined;
  });

  const mailsTo = (address: string) => server.mails.filter(({ to }) => to === address);
  const textOf = (raw: string) => raw.replaceAll("=\r\n", "");
  const hurry = hurrying(() => platform, "notices");
  const notices = async () =>
    (await platform.owner.query("select id, state, attempts, error from notifications.notices order by id")).rows;
  /** Has an endpoint of somebody's disabled. Answers its id, and what became of the notice. */
  const disable = async (
    client: Client,
  ): Promise<{ endpoint: string; notice: Awaited<ReturnType<typeof notices>>[number] }> => {
    const before = (await notices()).length;
    const { id } = await addWebhook(client, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(client, 1);
    const notice = await eventually("the notice is settled", async () => {
      await hurry();
      const last = (await notices())[before];
      return last && last.state !== "PENDING" ? last : undefined;
    });
    return { endpoint: id, notice };
  };

  test("is told by one mail to its contact, in its language, from its own address, whatever comes twice", async () => {
    const settings = { senderAddress: "shop@kaffee.example", language: "de", contactEmail: "technik@kaffee.example" };
    expect((await operator.put(SETTINGS, settings)).body).toEqual(settings);
    const { endpoint, notice } = await disable(operator);
    expect(notice).toMatchObject({ state: "SENT", attempts: 1 });
    const replay = await operator.post("/api/v1/admin/subscriptions/notifications/webhooks/replay", { from: 0 });
    expect(replay.status).toBe(200);
    const next = await disable(operator);
    const parked = await eventually("what was replayed is dealt with", async () => {
      const { items } = (await operator.get("/api/v1/admin/subscriptions")).body;
      const ours = items.find((one: { channel: string }) => one.channel === "webhooks");
      return ours.behind?.events === 0 && ours.replayingUntil === undefined ? ours.parked : undefined;
    });
    expect(parked).toEqual({ retrying: 0, dead: 0 });
    const mails = mailsTo("technik@kaffee.example");
    expect(mails.map(({ headers }) => headers.get("message-id"))).toEqual(
      [notice, next.notice].map(({ id }) => `<${id}@kaffee.example>`),
    );
    expect(mails[0]?.from).toBe("shop@kaffee.example");
    expect(mails[0]?.headers.get("subject")).toBe("Ein Webhook-Endpunkt wurde abgeschaltet");
    expect(textOf(mails[0]?.raw ?? "")).toContain(`PUT /api/v1/webhooks/${endpoint} `);
    expect(textOf(mails[0]?.raw ?? "")).toContain("410 Gone");
  });

  test("is told again when the server does not take the mail at first, under the same Message-ID", async () => {
    await operator.put(SETTINGS, { contactEmail: "slow@example.com" });
    let refusals = 0;
    server.refuse = (to) => (to === "slow@example.com" && refusals++ < 2 ? { at: "RCPT", code: 451 } : undefined);
    const { notice } = await disable(operator);
    expect(notice).toMatchObject({ state: "SENT", attempts: 3 });
    expect(mailsTo("slow@example.com").map(({ headers }) => headers.get("message-id"))).toEqual([
      `<${notice.id}@platform.example>`,
    ]);
  });

  test("is told why when it has failed for days", async () => {
    await operator.put(SETTINGS, { contactEmail: "failing@example.com" });
    receiver.answering = answer(500);
    const { id } = await addWebhook(operator, receiver, { events: ["orders.placed.v1"] });
    await endedOrders(operator, 1);
    await eventually("it fails", async () => (await operator.get(`/api/v1/webhooks/${id}`)).body.failingSince);
    await platform.owner.query("update webhooks.endpoints set failing_since = '2026-01-02T03:04:05Z' where id = $1", [
      id,
    ]);
    const mail = await eventually("the mail is there", () => mailsTo("failing@example.com")[0]);
    receiver.answering = answer(410);
    expect(mail.headers.get("subject")).toBe("A webhook endpoint was disabled");
    expect(textOf(mail.raw)).toContain("nothing but failures since 2026-01-02 03:04 UTC.");
  });

  test("and has named no contact, is told by nobody, and nothing waits", async () => {
    const acme = await platform.client("acme-operator");
    const told = () => server.mails.filter(({ headers }) => headers.get("subject")?.includes("webhook")).length;
    const before = told();
    const { notice } = await disable(acme);
    expect(notice).toMatchObject({ state: "SKIPPED", attempts: 0, error: "NO_ADDRESS" });
    // The contact of a tenant that has taken it back is none.
    await operator.put(SETTINGS, {});
    expect((await operator.get(SETTINGS)).body).toEqual({});
    expect((await disable(operator)).notice).toMatchObject({ state: "SKIPPED", error: "NO_ADDRESS" });
    expect(told()).toBe(before);
  });

  test.each(["nobody", "a@b.example\r\nBcc: x@example.com", "", null])(
    "has no contact like %j",
    async (contactEmail) => {
      expectProblem(await operator.put(SETTINGS, { contactEmail }), 422, "VALIDATION_FAILED");
    },
  );
});
