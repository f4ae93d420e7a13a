/** The time as ISO 8601 UTC with milliseconds: the only form in which times are stored in events and sent. */
export type Instant = string;

/** Where the time comes from; tests bring their own. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => new Date().toISOString() };

/** The instant `milliseconds` after another one. */
export function after(instant: Instant, milliseconds: number): Instant {
  return new Date(Date.parse(instant) + milliseconds).toISOString();
}
