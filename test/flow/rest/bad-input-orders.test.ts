import { type Client, orderBody } from "../../support/client.ts";
import { withValue } from "../../support/openapi.ts";
import { startPlatform, type TestPlatform } from "../../support/platform.ts";
import { expectProblem } from "../../support/problem.ts";
import { fullOrder, SKU } from "../../support/samples.ts";
import { rowCounts } from "../../support/tables.ts";

jest.setTimeout(60_000);

const line = (quantity: unknown, sku: unknown = SKU) => ({ sku, quantity });
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(1, `SKU-${i}`));
/** A wrong value of a member of the order, and the field that has to be named. */
const WRONG: readonly [name: string, at: string, value: unknown, path: string][] = [
  ["no lines", "/items", [], "/items"],
  ["101 lines", "/items", lines(101), "/items"],
  ["10,000 lines", "/items", Array.from({ length: 10_000 }, () => line(1, "A")), "/items"],
  ["a line that is null", "/items", [null], "/items/0"],
  ["a quantity of 0", "/items", [line(0)], "/items/0/quantity"],
  ["a quantity of -1", "/items", [line(-1)], "/items/0/quantity"],
  ["a quantity of 10,001", "/items", [line(10_001)], "/items/0/quantity"],
  ["a quantity of 1e9", "/items", [line(1e9)], "/items/0/quantity"],
  ["a quantity of 1e308", "/items", [line(1e308)], "/items/0/quantity"],
  ["a quantity of 1.5", "/items", [line(1.5)], "/items/0/quantity"],
  ['a quantity of "1"', "/items", [line("1")], "/items/0/quantity"],
  ["a quantity of null", "/items", [line(null)], "/items/0/quantity"],
  ["a quantity of true", "/items", [line(true)], "/items/0/quantity"],
  ["a quantity of {}", "/items", [line({})], "/items/0/quantity"],
  ["the second line's quantity", "/items", [line(1), line(0)], "/items/1/quantity"],
  ["an unknown SKU", "/items", [line(1), line(1, "SKU-NOT-SOLD")], "/items/1/sku"],
  ["an unknown SKU twice", "/items", [line(1, "NO-1"), line(1, "NO-1")], "/items/1/sku"],
  ["a SKU that only acme could have", "/items", [line(1, "sku-coffee-1kg")], "/items/0/sku"],
  ["an empty SKU", "/items", [line(1, "")], "/items/0/sku"],
  ["a SKU of 65 characters", "/items", [line(1, "S".repeat(65))], "/items/0/sku"],
  ["a SKU with a space", "/items", [line(1, "SKU COFFEE")], "/items/0/sku"],
  ["a SKU with a line end", "/items", [line(1, `${SKU}\n`)], "/items/0/sku"],
  ["a SKU that is SQL", "/items", [line(1, "'; drop table orders; --")], "/items/0/sku"],
  ["a price from the client", "/items/0/unitPrice", { amount: 1, currency: "EUR" }, "/items/0/unitPrice"],
  ["a country in lower case", "/shippingAddress/country", "de", "/shippingAddress/country"],
  ["a country of three letters", "/shippingAddress/country", "DEU", "/shippingAddress/country"],
  ["a country that there is not", "/shippingAddress/country", "ZZ", "/shippingAddress/country"],
  ["a billing country that there is not", "/billingAddress/country", "QQ", "/billingAddress/country"],
  ["a currency in lower case", "/currency", "eur", "/currency"],
  ["a currency that is not the catalog's", "/currency", "USD", "/currency"],
  ["a currency that there is not", "/currency", "XQQ", "/currency"],
  ["an email without an @", "/customer/email", "ada.example.com", "/customer/email"],
  ["an email with a line end", "/customer/email", "ada@example.com\nBcc: grace@example.com", "/customer/email"],
  ["an email of 100,000 characters", "/customer/email", `${"a".repeat(100_000)}@example.com`, "/customer/email"],
  ["a customer id that is no UUID", "/customer/id", "ada", "/customer/id"],
  ["a customer id of another kind of UUID", "/customer/id", "{01900000-0000-7000-8000-00000000c001}", "/customer/id"],
  ["an expected total of half a cent", "/expectedTotal", { amount: 0.5, currency: "EUR" }, "/expectedTotal/amount"],
  [
    "metadata of 51 members",
    "/metadata",
    Object.fromEntries(lines(51).map(({ sku }) => [sku as string, 1])),
    "/metadata",
  ],
  ["metadata that is a list", "/metadata", [1], "/metadata"],
  ["metadata with a name of 101 characters", "/metadata", { ["m".repeat(101)]: 1 }, `/metadata/${"m".repeat(101)}`],
  ["metadata with a name of none", "/metadata", { "": 1 }, "/metadata/"],
  ["a status from the client", "/status", "DELIVERED", "/status"],
  ["a tenant from the client", "/tenant", "acme", "/tenant"],
];

describe("an order that is wrong", () => {
  let platform: TestPlatform;
  let shop: Client;
  let before: Record<string, number>;
  beforeAll(async () => {
    platform = await startPlatform({ CARRIER: "manual" });
    shop = await platform.client("demo-shop");
  });
  afterAll(async () => {
    await platform.stop();
  });
  beforeEach(async () => {
    before = await rowCounts(platform.owner);
  });

  test.each(WRONG)("by %s is a 422 that names the field, and leaves no trace", async (name, at, value, path) => {
    const answer = await shop.post(
      "/api/v1/orders",
      withValue(fullOrder(), at, value),
      name.replace(/[^\x21-\x7e]/g, "-"),
    );
    expect(expectProblem(answer, 422, "VALIDATION_FAILED")).toContain(path);
    expect(await rowCounts(platform.owner)).toEqual(before);
  });

  test.each(["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x1", "1e", "undefined"])(
    "by a quantity of %s is no JSON",
    async (quantity) => {
      const raw = JSON.stringify(orderBody()).replace('"quantity":1', `"quantity":${quantity}`);
      expect(raw).toContain(quantity);
      expectProblem(await shop.send("POST", "/api/v1/orders", { raw, key: "malformed" }), 400, "MALFORMED_REQUEST");
      expect(await rowCounts(platform.owner)).toEqual(before);
    },
  );

  test("by texts of 100 kB in every field is one 422 that names them all", async () => {
    const long = "x".repeat(10_000);
    const address = Object.fromEntries(Object.keys(fullOrder().shippingAddress as object).map((name) => [name, long]));
    const body = { ...fullOrder(), shippingAddress: address, paymentToken: long, currency: long };
    const paths = expectProblem(await shop.post("/api/v1/orders", body, "long"), 422, "VALIDATION_FAILED");
    expect(paths.sort()).toEqual(
      [...Object.keys(address).map((name) => `/shippingAddress/${name}`), "/currency", "/paymentToken"].sort(),
    );
  });

  test("by nothing at all names what it lacks", async () => {
    const paths = expectProblem(
      await shop.send("POST", "/api/v1/orders", { key: "nothing" }),
      422,
      "VALIDATION_FAILED",
    );
    expect(paths).toEqual(expect.arrayContaining(["/items", "/shippingAddress", "/paymentToken"]));
    expect(await rowCounts(platform.owner)).toEqual(before);
  });

  test("by members that repeat themselves is taken as JSON takes it, or refused, and never breaks", async () => {
    const raw = JSON.stringify(orderBody()).replace('"quantity":1', '"quantity":1,"quantity":0');
    expectProblem(await shop.send("POST", "/api/v1/orders", { raw, key: "twice" }), 422, "VALIDATION_FAILED");
  });

  // From here on orders are placed, and rows come by themselves.
  test("leaves its key free for one that is right, in which repeated SKUs are summed", async () => {
    expectProblem(await shop.post("/api/v1/orders", orderBody({ items: [line(0)] }), "free"), 422);
    const thrice = await shop.post("/api/v1/orders", orderBody({ items: [line(1), line(2), line(3)] }), "free");
    expect([thrice.status, thrice.body.items.map((item: { quantity: number }) => item.quantity)]).toEqual([201, [6]]);
  });

  test("but for its texts in any script is right", async () => {
    const name = "Zoë 🦊 Nguyễn-\u202eÅ \"'<b>\\";
    const body = { ...fullOrder(), customer: { email: "zoë@exämple.com", name }, metadata: { "ключ 🗝": name } };
    const placed = await shop.post("/api/v1/orders", body, "any-script");
    expect([placed.status, placed.body?.customer?.name, placed.body?.metadata]).toEqual([
      201,
      name,
      { "ключ 🗝": name },
    ]);
  });
});
