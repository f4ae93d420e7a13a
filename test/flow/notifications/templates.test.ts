import { newId } from "../../../platform/ids.ts";
import { type Client, orderBody } from "../../support/client.ts";
import { MailServer } from "../../support/mail-server.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PLACED = "/api/v1/notifications/templates/ORDER_PLACED/email/en";
const SETTINGS = "/api/v1/notifications/settings";

describe("a tenant's own words", () => {
  let server: MailServer;
  let platform: TestPlatform;
  let operator: Client;
  beforeAll(async () => {
    server = await MailServer.start();
    platform = await startPlatform({ SMTP_URL: server.url, MAIL_FROM: "orders@platform.example", CARRIER: "manual" });
    operator = await platform.client("demo-operator");
  });
  afterAll(async () => {
    await platform.stop();
    await server.down();
  });

  const mailTo = async (email: string, customer: object = {}) => {
    const body = orderBody({ customer: { email, ...customer } });
    expect((await operator.post("/api/v1/orders", body, newId())).status).toBe(201);
    return eventually("the mail is there", () => server.mails.find(({ to }) => to === email));
  };

  test("are the platform's until there are others, and again when those are gone", async () => {
    const standard = await operator.get(PLACED);
    expect(standard.body).toMatchObject({ source: "default", subject: "We have received your order {{number}}" });
    const own = { subject: "Ahoy {{customerName}}", text: "{{#items}}{{quantity}} of {{sku}}{{/items}}" };
    expect((await operator.put(PLACED, own)).body).toMatchObject({ ...own, source: "own" });
    expect((await operator.get(PLACED)).body).toMatchObject({ ...own, source: "own" });
    const acme = await platform.client("acme-operator");
    expect((await acme.get(PLACED)).body).toEqual(standard.body);
    const mail = await mailTo("own@example.com", { name: "Ada" });
    expect(mail.headers.get("subject")).toBe("Ahoy Ada");
    expect(mail.raw).toMatch(/\r\n\r\n1 of SKU-COFFEE-1KG\r\n$/);
    expect((await operator.send("DELETE", PLACED)).status).toBe(204);
    expectProblem(await operator.send("DELETE", PLACED), 404, "NOT_FOUND");
    expect((await operator.get(PLACED)).body).toEqual(standard.body);
    expectProblem(await operator.get(PLACED.replace("/en", "/fr")), 404, "NOT_FOUND");
  });

  test.each([
    [{ subject: "x", text: "{{nubmer}}" }, "/text", /\{\{nubmer\}\}.*number/],
    [{ subject: "{{sku}}", text: "x" }, "/subject", /\{\{sku\}\}/],
    [{ subject: "x", text: "x", html: "<b>{{{number}}}</b>" }, "/html", /must not leave a value as it is/],
    [{ subject: "x", text: "x", html: "<b>{{&number}}</b>" }, "/html", /must not leave a value as it is/],
    [{ subject: "x", text: "{{> header}}" }, "/text", /other templates/],
    [{ subject: "x", text: "{{=<% %>=}}<% number %>" }, "/text", /what tags look like/],
    [{ subject: "x", text: "{{#items}}{{sku}}" }, "/text", /Unclosed section/],
    [{ subject: "x", text: "{{number" }, "/text", /Unclosed tag/],
    [{ subject: "x", text: "{{#items}}{{#items}}{{sku}}{{/items}}{{/items}}" }, "/text", /\{\{items\}\}/],
    [{ subject: "x", text: "{{#items}}{{#carrier}}{{#items}}x{{/items}}{{/carrier}}{{/items}}" }, "/text", /items/],
    [{ subject: "x", text: "{{__proto__}}" }, "/text", /not known/],
    [{ subject: "x", text: "{{number.constructor}}" }, "/text", /not known/],
    [{ subject: "x\r\nBcc: everybody@example.com", text: "x" }, "/subject", /line/],
    [{ text: "x" }, "/subject", /must be there/],
    [{ subject: "x", text: "x".repeat(10_001) }, "/text", /10000/],
    [{ subject: "x", text: "x", html: "x".repeat(20_001) }, "/html", /20000/],
  ])("are refused when they could not be sent, or should not: %j", async (template, path, message) => {
    for (const answer of [await operator.put(PLACED, template), await operator.post(`${PLACED}/preview`, template)]) {
      expectProblem(answer, 422, "VALIDATION_FAILED");
      expect(answer.body.errors).toContainEqual({ path, message: expect.stringMatching(message) });
    }
  });

  test("are listed for their tenant alone, page by page", async () => {
    const acme = await platform.client("acme-operator");
    const LIST = "/api/v1/notifications/templates";
    expect((await acme.get(LIST)).body).toEqual({ items: [], nextCursor: null });
    const keys = ["ORDER_CONFIRMED/sms/de", "ORDER_PLACED/email/de", "ORDER_PLACED/email/fr", "ORDER_PLACED/push/de"];
    for (const key of keys.toReversed()) {
      const subject = key.includes("sms") ? {} : { subject: "x" };
      expect((await acme.put(`${LIST}/${key}`, { text: "x", ...subject })).status).toBe(200);
    }
    const listed: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await acme.get(`${LIST}?limit=3${cursor && `&cursor=${cursor}`}`);
      for (const { type, medium, language, updatedAt, ...more } of body.items) {
        listed.push(`${type}/${medium}/${language}`);
        expect([updatedAt, more]).toEqual([expect.any(String), {}]);
      }
      cursor = body.nextCursor;
    }
    expect(listed).toEqual(keys);
    expect((await operator.get(LIST)).body.items).toEqual([]);
    const foreign = Buffer.from('["\\u0000","a","b"]').toString("base64url");
    for (const cursor of ["nonsense", foreign])
      expectProblem(await acme.get(`${LIST}?cursor=${cursor}`), 422, "VALIDATION_FAILED");
    for (const key of keys) await acme.send("DELETE", `${LIST}/${key}`);
  });

  test("of short messages have neither subject nor HTML", async () => {
    const answer = await operator.put(PLACED.replace("email", "sms"), { subject: "x", text: "x", html: "x" });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual(["/subject", "/html"]);
  });

  test("can be looked at before anybody gets them, and nothing is kept", async () => {
    const template = {
      subject: "{{number}}",
      text: "{{total}} {{reason}}",
      html: "{{#items}}<i>{{name}}</i>{{/items}}",
    };
    const { status, body } = await operator.post(`${PLACED}/preview`, template);
    expect([status, body]).toEqual([
      200,
      { subject: "W-10042", text: "€46.98 as you asked", html: "<i>Coffee beans, 1 kg</i><i>Cup &amp; saucer</i>" },
    ]);
    expect((await operator.get(PLACED)).body.source).toBe("default");
  });

  test("say what strangers have written as text: neither as HTML nor as a header", async () => {
    const own = {
      subject: "For {{customerName}}",
      text: "{{customerName}}",
      html: "<p title='{{customerName}}'>x</p>",
    };
    await operator.put(PLACED, own);
    const name = `<script>'"&</script>\r\nBcc: evil@example.com`;
    const mail = await mailTo("stranger@example.com", { name });
    expect([...mail.headers.keys()]).not.toContain("bcc");
    expect(mail.headers.get("subject")).toBe(`For <script>'"&</script> Bcc: evil@example.com`);
    expect(mail.raw).toContain("&lt;script&gt;&#39;&quot;&amp;&lt;&#x2F;script&gt;");
    expect(server.offered).not.toContain("evil@example.com");
    await operator.send("DELETE", PLACED);
  });

  test("come from the tenant's own address, in the tenant's language", async () => {
    expect((await operator.get(SETTINGS)).body).toEqual({});
    const settings = {
      ...{ senderName: "Kaffee & Söhne", senderAddress: "shop@kaffee.example" },
      ...{ replyTo: "hilfe@kaffee.example", language: "de" },
    };
    expect((await operator.put(SETTINGS, settings)).body).toEqual(settings);
    expect((await operator.get(SETTINGS)).body).toEqual(settings);
    const mail = await mailTo("german@example.com");
    expect(mail.from).toBe("shop@kaffee.example");
    expect(mail.headers.get("from")).toMatch(/<shop@kaffee\.example>$/);
    expect(mail.headers.get("reply-to")).toBe("hilfe@kaffee.example");
    expect(mail.headers.get("message-id")).toMatch(/@kaffee\.example>$/);
    expect(mail.headers.get("subject")).toContain("ist eingegangen");
    expect(mail.raw).toContain("Kaffee &amp; S=C3=B6hne");
    for (const wrong of [
      { senderName: "a\r\nBcc: x@example.com" },
      { senderAddress: "nobody" },
      { replyTo: "a@b.example\r\nBcc: x@example.com" },
      { language: "Deutsch" },
    ])
      expectProblem(await operator.put(SETTINGS, wrong), 422, "VALIDATION_FAILED");
    expect((await operator.put(SETTINGS, {})).body).toEqual({});
    expect((await mailTo("english@example.com")).from).toBe("orders@platform.example");
  });
});
