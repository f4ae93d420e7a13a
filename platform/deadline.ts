import type { Context } from "moleculer";

/** A moment in ms on the clock that Moleculer measures calls by; `Infinity` when there is all the time in the world. */
export type Deadline = number;

/** A context as Moleculer's handing-on of timeouts reads it: a call of it gets what is left of its time. */
interface Timed {
  options: Context["options"];
  startHrTime?: [number, number] | null;
}

/** When the caller of a context stops waiting. */
export function deadlineOf(ctx: Context<unknown, object>): Deadline {
  const { options, startHrTime } = ctx as unknown as Timed;
  const { timeout } = options;
  return timeout && timeout > 0 && startHrTime ? milliseconds(startHrTime) + timeout : Number.POSITIVE_INFINITY;
}

/** How long the caller of a context still waits, in ms; less than nothing when it has gone. */
export function timeLeft(ctx: Context<unknown, object>): number {
  return deadlineOf(ctx) - now();
}

/** Lets the calls of a context end by a deadline. */
export function endBy(ctx: Context<unknown, object>, deadline: Deadline): void {
  if (deadline === Number.POSITIVE_INFINITY) return;
  const timed = ctx as unknown as Timed;
  // Moleculer takes a timeout of 0 for none.
  timed.options = { ...timed.options, timeout: Math.max(1, deadline - now()) };
  timed.startHrTime = process.hrtime();
}

/** The deadline that is so many ms away. */
export function within(duration: number): Deadline {
  return now() + duration;
}

function now(): number {
  return milliseconds(process.hrtime());
}

function milliseconds([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}
