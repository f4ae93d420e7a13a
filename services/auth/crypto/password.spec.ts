import { hashPassword, verifyPassword } from "./password.ts";

const isTaken = async (password: string, other: string) => verifyPassword(other, await hashPassword(password));

test("a password counts to its last character, in upper and lower case", async () => {
  const longest = "Correct horse ".repeat(15).slice(0, 200);
  expect(longest).toHaveLength(200);
  expect(await isTaken(longest, longest)).toBe(true);
  for (const other of [longest.slice(0, 199), `${longest.slice(0, 199)}!`, longest.toLowerCase(), `${longest} `])
    expect(await isTaken(longest, other)).toBe(false);
});

test.each(["          ", "1111111111", "aaaaaaaaaa", "пароль-пароль", "🐎🔋📎🐎🔋📎"])(
  "it may be made of any characters: %j",
  async (password) => {
    expect(await isTaken(password, password)).toBe(true);
    expect(await isTaken(password, `${password}x`)).toBe(false);
  },
);

test("it is one password however its letters were composed", async () => {
  expect(await isTaken("Stra\u00dfe \u00e9t\u00e9 10", "Stra\u00dfe e\u0301te\u0301 10")).toBe(true);
});

test("its hash says with which parameters it was hashed, and another one is verified by its own", async () => {
  expect(await hashPassword("correct horse")).toMatch(/^argon2id\$19456\$2\$1\$[\w-]{22}\$[\w-]{43}$/);
  // 8 MiB and one pass, as an older version might have had it.
  const older = "argon2id$8192$1$1$c2FsdHNhbHRzYWx0c2FsdA$";
  const { argon2Sync } = await import("node:crypto");
  const message = "correct horse";
  const parameters = { message, nonce: Buffer.from("saltsaltsaltsalt"), parallelism: 1, memory: 8_192, passes: 1 };
  const tag = argon2Sync("argon2id", { ...parameters, tagLength: 32 });
  expect(await verifyPassword(message, older + tag.toString("base64url"))).toBe(true);
  expect(await verifyPassword("another horse", older + tag.toString("base64url"))).toBe(false);
});

test("nobody's password is right", async () => {
  expect(await verifyPassword("correct horse", undefined)).toBe(false);
});
