import { newId } from "../../../platform/ids.ts";
import type { Client } from "../../support/client.ts";
import { logIn, newCustomer } from "../../support/customers.ts";
import { ApiDocument } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";

jest.setTimeout(60_000);

const PATH = "/api/v1/users/addresses";
const HOME = {
  label: "home",
  name: "Ada Lovelace",
  line1: "12 Harbour St",
  city: "Hamburg",
  postalCode: "20095",
  country: "DE",
};
const LONDON = { name: "Ada King", line1: "1 St James's Sq", city: "London", postalCode: "SW1Y 4LB", country: "GB" };

describe("the addresses of a customer", () => {
  let platform: TestPlatform;
  let document: ApiDocument;
  let count = 0;
  let ada: Client;
  beforeAll(async () => {
    platform = await startPlatform();
    document = await ApiDocument.load(await platform.client("demo-shop"));
  });
  beforeEach(async () => {
    ada = await newCustomer(platform.url, `ada-${count++}`);
  });
  afterAll(() => platform.stop());

  const add = async (body: object = HOME, client = ada) => {
    const answer = await client.post(PATH, body);
    expect([answer.status, answer.status === 201 ? "" : answer.text]).toEqual([201, ""]);
    return answer.body;
  };
  const listed = async (client = ada) => (await client.get(PATH)).body.items;
  /** The ids of the addresses that are the default. */
  const defaults = async (client = ada) => {
    const items: Record<string, unknown>[] = await listed(client);
    const of = (kind: string) => items.filter((one) => one[kind]).map(({ id }) => id);
    return [of("defaultShipping"), of("defaultBilling")];
  };

  test("are kept, read, written anew and forgotten, as the document says", async () => {
    const fits = (operation: string, answer: Awaited<ReturnType<Client["get"]>>) =>
      expect(document.differences(document.operation(operation), answer)).toEqual([]);
    const added = await ada.post(PATH, HOME);
    fits(`POST ${PATH}`, added);
    const { id } = added.body;
    expect(added.headers.location).toBe(`${PATH}/${id}`);
    expect(added.body).toMatchObject({ ...HOME, defaultShipping: true, defaultBilling: true, version: 1 });
    const found = await ada.get(`${PATH}/${id}`);
    fits(`GET ${PATH}/{id}`, found);
    expect(found.body).toEqual(added.body);
    const written = await ada.put(`${PATH}/${id}`, { ...LONDON, version: 1 });
    fits(`PUT ${PATH}/{id}`, written);
    const { label: _, ...rest } = added.body;
    expect(written.body).toEqual({ ...rest, ...LONDON, version: 2, updatedAt: expect.any(String) });
    const list = await ada.get(PATH);
    fits(`GET ${PATH}`, list);
    expect(list.body).toEqual({ items: [written.body], nextCursor: null });
    // What changes nothing makes no new version.
    expect((await ada.put(`${PATH}/${id}`, LONDON)).body).toEqual(written.body);
    const gone = await ada.send("DELETE", `${PATH}/${id}`);
    fits(`DELETE ${PATH}/{id}`, gone);
    expect([gone.status, gone.text, await listed()]).toEqual([204, "", []]);
    for (const answer of [
      await ada.get(`${PATH}/${id}`),
      await ada.put(`${PATH}/${id}`, LONDON),
      await ada.send("DELETE", `${PATH}/${id}`),
    ])
      expectProblem(answer, 404, "NOT_FOUND");
  });

  test("are listed page by page, newest first", async () => {
    const ids = [];
    for (let n = 0; n < 5; n++) ids.unshift((await add({ ...HOME, label: `n ${n}` })).id);
    const pages = [];
    for (let cursor = ""; ; ) {
      const { body } = await ada.get(`${PATH}?limit=2${cursor}`);
      pages.push(body.items.map(({ id }: { id: string }) => id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect(expectProblem(await ada.get(`${PATH}?limit=0`), 422)).toEqual(["/limit"]);
    expect(expectProblem(await ada.get(`${PATH}?cursor=x`), 422)).toEqual(["/cursor"]);
  });

  test("have always one default for each use", async () => {
    const [first, second, third] = [await add(), await add(LONDON), await add({ ...HOME, defaultBilling: true })];
    expect(await defaults()).toEqual([[first.id], [third.id]]);
    await ada.put(`${PATH}/${second.id}`, { ...LONDON, defaultShipping: true });
    expect(await defaults()).toEqual([[second.id], [third.id]]);
    const refused = await ada.put(`${PATH}/${second.id}`, { ...LONDON, defaultShipping: false });
    expect(expectProblem(refused, 422)).toEqual(["/defaultShipping"]);
    // What is left out stays; and whoever has seen the first as the default has not seen this.
    await ada.put(`${PATH}/${second.id}`, HOME);
    expect(await defaults()).toEqual([[second.id], [third.id]]);
    expectProblem(await ada.put(`${PATH}/${first.id}`, { ...HOME, city: "Kiel", version: 1 }), 409, "STALE_VERSION");
    await ada.send("DELETE", `${PATH}/${third.id}`);
    expect(await defaults()).toEqual([[second.id], [second.id]]);
    await ada.send("DELETE", `${PATH}/${second.id}`);
    expect(await defaults()).toEqual([[first.id], [first.id]]);
  });

  test("have one default each, however many are made it at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ada.post(PATH, { ...HOME, defaultShipping: true, defaultBilling: true })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    const ids = answers.map(({ body }) => body.id);
    const changes = await Promise.all([
      ...ids.map((id) => ada.put(`${PATH}/${id}`, { ...HOME, defaultShipping: true })),
      ...ids.slice(0, 3).map((id) => ada.send("DELETE", `${PATH}/${id}`)),
    ]);
    expect(changes.map(({ status }) => status).filter((status) => ![200, 204, 404].includes(status))).toEqual([]);
    expect((await defaults()).map((of) => of.length)).toEqual([1, 1]);
  });

  test("cannot have two defaults, whoever writes the rows", async () => {
    await add();
    await add();
    for (const kind of ["shipping", "billing"])
      await expect(platform.owner.query(`update auth.addresses set default_${kind} = true`)).rejects.toThrow("unique");
  });

  test("are 100 at most, also of those that come at once", async () => {
    await add();
    await platform.owner.query(`insert into auth.addresses
      select gen_random_uuid(), tenant, customer, sealed, false, false, 1, now(), now()
      from (select * from auth.addresses order by id desc limit 1) a, generate_series(1, 96)`);
    const answers = await Promise.all(Array.from({ length: 5 }, () => ada.post(PATH, HOME)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409]);
    for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 409, "TOO_MANY_ADDRESSES");
  });

  test("are added once for one Idempotency-Key, and the kept answer is sealed", async () => {
    const canary = { ...HOME, name: "CANARY Lovelace" };
    const [first, second] = [await ada.post(PATH, canary, "k"), await ada.post(PATH, canary, "k")];
    expect([second.text, second.headers["idempotency-replayed"]]).toEqual([first.text, "true"]);
    expect(await listed()).toHaveLength(1);
    expectProblem(await ada.post(PATH, HOME, "k"), 422, "IDEMPOTENCY_KEY_REUSED");
    const { rows } = await platform.owner.query(
      "select row_to_json(k)::text as text from auth.idempotency_keys k union all select row_to_json(a)::text from auth.addresses a",
    );
    expect(rows.length).toBeGreaterThan(1);
    for (const { text } of rows) expect(text).not.toMatch(/CANARY|Harbour/);
  });

  test("name every field that is wrong", async () => {
    const { postalCode: _, ...without } = HOME;
    const wrong: [object, string[]][] = [
      [{ ...HOME, postalCode: "2009" }, ["/postalCode"]],
      [{ ...HOME, country: "GB" }, ["/postalCode"]],
      [without, ["/postalCode"]],
      [{ ...HOME, country: "XX" }, ["/country"]],
      [{ ...HOME, line1: "", city: 7 }, ["/line1", "/city"]],
      [{ ...HOME, label: "x".repeat(101) }, ["/label"]],
      [{ ...HOME, phone: "x".repeat(41) }, ["/phone"]],
      [{ ...HOME, defaultShipping: "yes" }, ["/defaultShipping"]],
      [{ ...HOME, tenant: "acme" }, ["/tenant"]],
      [{ ...HOME, name: "\ud800" }, ["/name"]],
    ];
    const { id } = await add();
    for (const [body, paths] of wrong) {
      expect(expectProblem(await ada.post(PATH, body), 422).sort()).toEqual(paths.sort());
      expect(expectProblem(await ada.put(`${PATH}/${id}`, body), 422).sort()).toEqual(paths.sort());
    }
    // Of a country whose form nobody here knows any will do.
    await add({ ...HOME, country: "AQ", postalCode: "BIQQ 1ZZ" });
    expect(await listed()).toHaveLength(2);
  });

  test("are there for nobody else", async () => {
    const { id } = await add();
    const strangers = [
      await newCustomer(platform.url, `grace-${count}`),
      await newCustomer(platform.url, "eve", "acme-shop"),
    ];
    const ask = (client: Client, one: string): Promise<Awaited<ReturnType<Client["get"]>>>[] => [
      client.get(`${PATH}/${one}`),
      client.put(`${PATH}/${one}`, LONDON),
      client.put(`${PATH}/${one}`, { nope: 1 }),
      client.send("DELETE", `${PATH}/${one}`),
    ];
    const shape = ({
      status,
      body: { requestId: _, ...body },
      headers: { date: _d, "x-request-id": _x, ...headers },
    }: Awaited<ReturnType<Client["get"]>>) => [status, body, headers];
    for (const stranger of strangers) {
      const foreign = await Promise.all(ask(stranger, id));
      const absent = await Promise.all(ask(stranger, newId()));
      for (const answer of foreign) expectProblem(answer, 404, "NOT_FOUND");
      expect(foreign.map(shape)).toEqual(absent.map(shape));
      expect(await listed(stranger)).toEqual([]);
    }
    for (const client of [await platform.client("demo-shop"), await platform.client("demo-operator")]) {
      for (const answer of await Promise.all([client.get(PATH), client.post(PATH, HOME), ...ask(client, id)]))
        expectProblem(answer, 403, "FORBIDDEN");
      // Before the path is looked at.
      expectProblem(await client.get(`${PATH}/no-id`), 403, "FORBIDDEN");
    }
    expectProblem(await ada.get(`${PATH}/no-id`), 404, "NOT_FOUND");
    expect(await listed()).toHaveLength(1);
  });

  test("of a row that was moved to another customer do not open", async () => {
    const [own] = [await add()];
    const eve = await logIn(platform.url, "grace");
    const other = await add(LONDON, eve);
    await platform.owner.query(
      "update auth.addresses set sealed = (select sealed from auth.addresses where id = $1) where id = $2",
      [own.id, other.id],
    );
    const answer = await eve.get(`${PATH}?limit=7`);
    expect([answer.status, answer.text.includes("Harbour")]).toEqual([500, false]);
  });
});
