import { isWellKnown } from "./known-passwords.ts";

const CONTEXT = ["ada.lovelace@example.com", "demo", "demo-shop"];

test.each([
  ["in use everywhere", "1q2w3e4r5t"],
  ["in other letters", "QWERTYuiop"],
  ["with a year behind it", "football2026"],
  ["between signs", "***Password1!***"],
  ["one character again and again", "~~~~~~~~~~~~"],
  ["two of them", "abababababab"],
  ["the platform's name", "Waybill-2026"],
  ["the address", "ada.lovelace@example.com"],
  ["a part of it", "Lovelace1815"],
  ["the client", "1234-demo-shop"],
])("a password that is %s is well known: %s", async (_, password) => {
  expect(await isWellKnown(password, CONTEXT)).toBe(true);
});

test.each(["grace's horse 17", "пароль у Ады", "lovelace's engine", "6749 7009 8414", "kzvq-wbxt-mrpd"])(
  "one that nobody tries first is not: %s",
  async (password) => {
    expect(await isWellKnown(password, CONTEXT)).toBe(false);
  },
);

test("the longest password is looked at like every other", async () => {
  expect(await isWellKnown("1a".repeat(100).slice(0, 199).concat("!"), CONTEXT)).toBe(false);
});

test("three thousand of the passwords in use that are long enough are refused, as they are or with a digit", async () => {
  const { dictionary } = await import("@zxcvbn-ts/language-common");
  const passwords = dictionary["passwords-common"].filter((one) => /\p{L}$/u.test(one)).slice(0, 3_000);
  for (const password of passwords) expect(await isWellKnown(password.padEnd(10, "1"), CONTEXT)).toBe(true);
});
