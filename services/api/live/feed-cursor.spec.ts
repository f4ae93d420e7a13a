import fc from "fast-check";
import { decodeFeedCursor, encodeFeedCursor } from "./feed-cursor.ts";

const expired = expect.objectContaining({ type: "CURSOR_EXPIRED" });

test("a sequence comes back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (sequence) => {
      expect(decodeFeedCursor(encodeFeedCursor(sequence))).toBe(sequence);
    }),
  );
});

test("an id of today is read for ever", () => {
  expect(decodeFeedCursor("AQAAAAAwObtYajE")).toBe(12_345);
  expect(encodeFeedCursor(12_345)).toBe("AQAAAAAwObtYajE");
});

test("an id that was changed in one character is none", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.nat(14), fc.nat(63), (sequence, at, character) => {
      const id = encodeFeedCursor(sequence);
      const changed = id.slice(0, at) + alphabet[character] + id.slice(at + 1);
      fc.pre(changed !== id);
      expect(() => decodeFeedCursor(changed)).toThrow(expired);
    }),
  );
});

test.each(["", "x", "12345", "AQAAAAAwObtYajE=", " AQAAAAAwObtYajE", "AQAAAAAwObtYajEA", "AgAAAAAwObtYajE", "ä"])(
  "%p is none",
  (id) => {
    expect(() => decodeFeedCursor(id)).toThrow(expired);
  },
);
