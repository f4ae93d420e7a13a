import type { Instant } from "./clock.ts";

/** The forms of an HTTP-date that a recipient has to read (RFC 9110, 5.6.7): the one that is sent, and two old ones. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/**
 * How long whoever has answered with a `Retry-After` wants to be left alone, in ms (RFC 9110, 10.2.3: seconds, or a date);
 * undefined for a field that is not there, says neither, or names a time that is over. How much of it is heeded is for the
 * caller to say: it is the word of a stranger, and may be a thousand years.
 */
export function retryAfterMs(field: string | null | undefined, now: Instant): number | undefined {
  const text = field?.trim() ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : dateOf(text) - Date.parse(now);
  return ms > 0 ? ms : undefined;
}

function dateOf(text: string): number {
  if (!DATES.some((form) => form.test(text))) return Number.NaN;
  // The last of the forms does not say that it is UTC, as all of them are.
  return Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
}
