import { randomBytes } from "node:crypto";
import { newEncryptionKey, readEncryptionKeys, writeEncryptionKeys } from "./encryption-keys.ts";
import { DoesNotOpen, keyIdOf, Sealing } from "./sealing.ts";

const key = (id: string) => ({ id, secret: randomBytes(32).toString("base64") });
const [FIRST, SECOND] = [key("k1"), key("k2")];
const ADA = { tenant: "demo", id: "ada" };
const TEXT = 'Ada Lovelace, 12 Harbour St, "Hamburg" \u{1F4E6}';

const column = (keys = [FIRST], domain = "orders", name = "order_details.personal") =>
  new Sealing(domain, keys).column(name);

describe("a sealed value", () => {
  test("opens in its place, and is another one each time", () => {
    const sealed = [column().seal(ADA, TEXT), column().seal(ADA, TEXT), column().seal(ADA, "")];
    expect(sealed.map((one) => column().open(ADA, one))).toEqual([TEXT, TEXT, ""]);
    expect(sealed[0]).not.toEqual(sealed[1]);
    expect(sealed[0]?.toString("latin1")).not.toContain("Ada");
  });

  test("is 44 bytes longer than its text", () => {
    expect(column().seal(ADA, "x".repeat(300))).toHaveLength(344);
  });

  test.each([
    ["another row", column(), { ...ADA, id: "grace" }],
    ["another tenant", column(), { ...ADA, tenant: "acme" }],
    ["another column", column([FIRST], "orders", "order_details.other"), ADA],
    ["another domain", column([FIRST], "auth"), ADA],
    ["a row whose names run together the same", column(), { tenant: "demoa", id: "da" }],
  ])("does not open in %s", (_where, elsewhere, place) => {
    const sealed = column().seal(ADA, TEXT);
    expect(() => elsewhere.open(place, sealed)).toThrow(DoesNotOpen);
  });

  test("does not open when any bit of it was changed, or it was cut", () => {
    const sealed = column().seal(ADA, "x");
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => column().open(ADA, changed)).toThrow(DoesNotOpen);
      expect(() => column().open(ADA, sealed.subarray(0, at))).toThrow(DoesNotOpen);
    }
  });

  test("is sealed by the first key, and opened by all that are there", () => {
    const old = column([FIRST]).seal(ADA, TEXT);
    const fresh = column([SECOND, FIRST]).seal(ADA, TEXT);
    expect([old, fresh].map(keyIdOf)).toEqual(["k1", "k2"]);
    expect(column([SECOND, FIRST]).open(ADA, old)).toBe(TEXT);
    expect(() => column([SECOND]).open(ADA, old)).toThrow("sealed by the key k1, which is not in ENCRYPTION_KEYS");
    expect(() => column([{ ...SECOND, id: "k1" }]).open(ADA, old)).toThrow("does not open");
    expect(fresh.subarray(0, 4)).toEqual(column([SECOND]).prefix);
  });

  test("cannot be made without a key", () => {
    expect(() => column([])).toThrow("orders has no encryption key");
  });
});

describe("an index", () => {
  const index = (keys = [FIRST], tenant = "demo", value = "ada@example.com", name = "customers.email") =>
    new Sealing("auth", keys).indexesOf(name, tenant, value).map((one) => one.toString("hex"));

  test("is the same for the same, and for nothing else", () => {
    expect(index()).toEqual(index());
    const others = [
      index([FIRST], "acme"),
      index([FIRST], "demo", "grace@example.com"),
      index([FIRST], "demo", "ada@example.com", "customers.phone"),
      index([SECOND]),
    ];
    expect(new Set([index(), ...others].flat()).size).toBe(5);
  });

  test("is there by each key, that of the first one first", () => {
    expect(index([SECOND, FIRST])).toEqual([...index([SECOND]), ...index([FIRST])]);
  });
});

describe("the setting", () => {
  test("is read as it is written", () => {
    expect(readEncryptionKeys(writeEncryptionKeys([FIRST, SECOND]))).toEqual([FIRST, SECOND]);
    expect(readEncryptionKeys(newEncryptionKey())).toEqual([{ id: expect.any(String), secret: expect.any(String) }]);
  });

  test.each([
    ["no id", FIRST.secret],
    ["an id that is too long", `${"k".repeat(17)}:${FIRST.secret}`],
    ["31 bytes", `k1:${randomBytes(31).toString("base64")}`],
    ["a key that was thought up", `k1:${Buffer.alloc(32, "secret").toString("base64")}`],
    ["one id twice", `k1:${FIRST.secret},k1:${SECOND.secret}`],
    ["nothing after the comma", `k1:${FIRST.secret},`],
  ])("%s is refused, and not repeated", (_what, text) => {
    const answer = readEncryptionKeys(text);
    expect(answer).toMatch(/^(must|names)/);
    expect(answer).not.toContain(text.slice(-40));
  });
});
