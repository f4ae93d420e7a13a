import { retryAfterMs } from "./retry-after.ts";

const NOW = "2026-11-22T12:00:00.000Z";

test.each([
  ["120", 120_000],
  [" 7 ", 7_000],
  ["31536000000", 31_536_000_000_000],
  ["Sun, 22 Nov 2026 12:01:00 GMT", 60_000],
  ["Sunday, 22-Nov-26 13:00:00 GMT", 3_600_000],
  ["Sun Nov 22 12:00:10 2026", 10_000],
  ["Tue Dec  1 12:00:00 2026", 9 * 86_400_000],
])("%p is a time to wait", (field, ms) => {
  expect(retryAfterMs(field, NOW)).toBe(ms);
});

test.each([
  undefined,
  null,
  "",
  "0",
  "-5",
  "1.5",
  "1e3",
  "0x10",
  "soon",
  "2026-11-23",
  "2026-11-23T12:00:00Z",
  "Sun, 22 Nov 2026 11:59:59 GMT",
  "Sun, 22 Nov 2026 12:01:00",
  "Sun, 99 Xyz 2026 12:01:00 GMT",
])("%p is none", (field) => {
  expect(retryAfterMs(field, NOW)).toBeUndefined();
});
