import { hashSecret, newSecret, verifySecret } from "./secret.ts";

test("a secret is verified by its hash, which does not hold it", async () => {
  const stored = await hashSecret("demo-secret");
  expect(stored).toMatch(/^scrypt\$16384\$8\$1\$/);
  expect(stored).not.toContain("demo-secret");
  expect(await verifySecret("demo-secret", stored)).toBe(true);
  expect(await verifySecret("demo-secre", stored)).toBe(false);
});

test("the same secret has another hash every time", async () => {
  expect(await hashSecret("a")).not.toBe(await hashSecret("a"));
});

test("nobody's secret is right, after the same work", async () => {
  const stored = await hashSecret("a");
  // By what the processor has done, of all threads: the clock tells of other tests as well.
  const work = async (hash: string | undefined) => {
    const before = process.cpuUsage();
    expect(await verifySecret("b", ...(hash ? [hash] : []))).toBe(false);
    return process.cpuUsage(before).user;
  };
  const [known, unknown] = [await work(stored), await work(undefined)];
  expect(unknown).toBeGreaterThan(known / 4);
});

test("of two secrets each is right, by one derivation", async () => {
  const old = await hashSecret("old");
  const fresh = await hashSecret("new", old);
  const salt = (stored: string) => stored.split("$")[4];
  expect(salt(fresh)).toBe(salt(old));
  expect(fresh).not.toBe(old);
  for (const [secret, isRight] of [
    ["old", true],
    ["new", true],
    ["other", false],
  ] as const)
    expect([secret, await verifySecret(secret, fresh, old)]).toEqual([secret, isRight]);
  expect(await verifySecret("old", fresh)).toBe(false);
});

test("two secrets with salts of their own are right as well", async () => {
  const stored = [await hashSecret("old"), await hashSecret("new")];
  expect(await verifySecret("old", ...stored)).toBe(true);
  expect(await verifySecret("new", ...stored)).toBe(true);
  expect(await verifySecret("other", ...stored)).toBe(false);
});

test("a new secret is 32 random bytes", () => {
  expect(newSecret()).toMatch(/^[\w-]{43}$/);
  expect(newSecret()).not.toBe(newSecret());
});
