import { hashSecret, verifySecret } from "./secret.ts";

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
  const time = async (hash: string | undefined) => {
    const start = performance.now();
    expect(await verifySecret("b", hash)).toBe(false);
    return performance.now() - start;
  };
  const [known, unknown] = [await time(stored), await time(undefined)];
  expect(unknown).toBeGreaterThan(known / 4);
});
