import { Database } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import { Sealing } from "../../../platform/sealing/sealing.ts";
import {
  addCustomer,
  findCustomerByEmail,
  findProfile,
  type ProfileRow,
} from "../../../services/auth/customers/customer-repository.ts";
import { openProfile } from "../../../services/auth/customers/profile.ts";
import type { Client } from "../../support/client.ts";
import { logIn, newCustomer } from "../../support/customers.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { eventually } from "../../support/waiting.ts";

jest.setTimeout(60_000);

const PATH = "/api/v1/users/profile";

describe("the profile of a customer", () => {
  let platform: TestPlatform;
  let document: ApiDocument;
  let ada: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    document = await ApiDocument.load(await platform.client("demo-shop"));
    ada = await logIn(platform.url, "ada");
  });
  afterAll(() => platform.stop());

  test("is what they have registered with, and what they write", async () => {
    const first = await ada.get(PATH);
    expect(document.differences(document.operation(`GET ${PATH}`), first)).toEqual([]);
    expect(first.body).toMatchObject({ email: "ada@example.com", name: "Ada Lovelace", version: 1 });
    const { id, createdAt } = first.body;
    const written = { name: "Ada King", phone: "+44 20 7946 0000", language: "en-GB" };
    const second = await ada.put(PATH, { ...written, email: "ADA@example.com", version: 1 });
    expect(document.differences(document.operation(`PUT ${PATH}`), second)).toEqual([]);
    const expected = { id, email: "ada@example.com", ...written, version: 2, createdAt };
    expect(second.body).toEqual({ ...expected, updatedAt: expect.any(String) });
    expect((await ada.get(PATH)).body).toEqual(second.body);
    // What changes nothing makes no new version; what is left out is gone.
    expect((await ada.put(PATH, written)).body).toEqual(second.body);
    const third = (await ada.put(PATH, {})).body;
    expect(Object.keys(third).sort()).toEqual(["createdAt", "email", "id", "updatedAt", "version"]);
    expect((await ada.get(PATH)).body).toEqual(third);
  });

  test("is a customer's own, and there for nobody else's token", async () => {
    for (const client of [await platform.client("demo-shop"), await platform.client("demo-operator")]) {
      for (const answer of [await client.get(PATH), await client.put(PATH, { nope: 1 })]) {
        expectProblem(answer, 403, "FORBIDDEN");
        expect(answer.body.detail).toBe("The token has to be a customer's own.");
      }
    }
    const [grace, other] = [await logIn(platform.url, "grace"), await newCustomer(platform.url, "ada", "acme-shop")];
    await grace.put(PATH, { name: "Grace" });
    await other.put(PATH, { name: "Somebody else" });
    const names = async () => Promise.all([ada, grace, other].map(async (one) => (await one.get(PATH)).body.name));
    await ada.put(PATH, { name: "Ada" });
    expect(await names()).toEqual(["Ada", "Grace", "Somebody else"]);
    const ids = await Promise.all([ada, grace, other].map(async (one) => (await one.get(PATH)).body.id));
    expect(new Set(ids).size).toBe(3);
  });

  test("of many changes of one version lets one through", async () => {
    const { version } = (await ada.get(PATH)).body;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => ada.put(PATH, { name: `Ada ${i}`, version })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    for (const answer of answers) if (answer.status === 409) expectProblem(answer, 409, "STALE_VERSION");
    const winner = answers.find(({ status }) => status === 200)?.body;
    expect((await ada.get(PATH)).body).toEqual(winner);
  });

  test("names every field that is wrong, and changes nothing then", async () => {
    const before = (await ada.get(PATH)).body;
    const wrong: [object, string][] = [
      [{ name: "" }, "/name"],
      [{ name: "x".repeat(201) }, "/name"],
      [{ name: "a\0b" }, "/name"],
      [{ phone: 49 }, "/phone"],
      [{ language: "the Queen's" }, "/language"],
      [{ version: 0 }, "/version"],
      [{ email: "grace@example.com" }, "/email"],
      [{ id: before.id }, "/id"],
      [{ passwordHash: "x" }, "/passwordHash"],
    ];
    for (const [body, path] of wrong) expect(expectProblem(await ada.put(PATH, body), 422)).toEqual([path]);
    expectProblem(await ada.send("PUT", PATH, { raw: '{"__proto__": {"email": "x"}}' }), 422);
    expect((await ada.get(PATH)).body).toEqual(before);
  });

  test("is nowhere in the database but sealed, also of a customer who registers and logs in", async () => {
    const canary = await newCustomer(platform.url, "canary-4711");
    await canary.put(PATH, { name: "CANARY Lovelace", phone: "+CANARY", language: "en" });
    await canary.get(PATH);
    const { rows } = await platform.owner.query("select row_to_json(c)::text as text from auth.customers c");
    expect(rows.length).toBeGreaterThan(2);
    for (const { text } of rows) expect(text).not.toMatch(/canary|@/i);
    // Their address is taken all the same.
    expect((await newCustomer(platform.url, "canary-4711")).token).not.toBe(canary.token);
    expect((await canary.get(PATH)).body.name).toBe("CANARY Lovelace");
  });
});

describe("a profile of before profiles were sealed", () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.stop());
  /** The customers whose rows are as they were before, the demo's own. */
  const plainRows = async () =>
    (await platform.owner.query("select from auth.customers where email is not null")).rowCount;

  test("is found and read as it is, and sealed at the next start", async () => {
    const before = (await (await logIn(platform.url, "ada")).get(PATH)).body;
    await eventually("those of the fixtures are sealed", async () => (await plainRows()) === 0);
    // No node that runs seals them under the test's hands.
    await platform.restart(async () => {
      const { rows } = await platform.owner.query("select id from auth.customers where id = $1", [before.id]);
      expect(rows).toHaveLength(1);
      await platform.owner.query(
        "update auth.customers set sealed = null, email_index = null, email = 'ada@example.com', name = 'Ada Lovelace' where id = $1",
        [before.id],
      );
      expect(await plainRows()).toBe(1);
      const auth = { database: new Database(platform.db.urls.auth, "auth", 1), sealing: sealingOf(platform) };
      try {
        const found = await findCustomerByEmail(auth.database, auth.sealing, "demo", "Ada@example.com");
        expect(found?.id).toBe(before.id);
        const row = (await findProfile(auth.database, "demo", before.id)) as ProfileRow;
        expect(openProfile(auth.sealing, row)).toEqual({ email: "ada@example.com", name: "Ada Lovelace" });
        // The address is taken.
        const twin = { id: newId(), tenant: "demo", passwordHash: "x", profile: { email: "ada@example.com" } };
        await auth.database.transaction("demo", (tx) => addCustomer(tx, auth.sealing, twin, "2026-11-21T12:00:00Z"));
        expect(await findProfile(auth.database, "demo", twin.id)).toBeUndefined();
      } finally {
        await auth.database.close();
      }
    });
    await eventually("all are sealed", async () => (await plainRows()) === 0);
    const ada = await logIn(platform.url, "ada");
    expect((await ada.get(PATH)).body).toMatchObject({ id: before.id, email: "ada@example.com", name: "Ada Lovelace" });
  });
});

const sealingOf = ({ config }: TestPlatform) => new Sealing("auth", config.encryptionKeys.auth);
