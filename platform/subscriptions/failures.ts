import { isConnectionLoss } from "../database.ts";
import { isUnavailable } from "../errors.ts";
import type { AnySequencedEvent } from "../event-log.ts";
import type { Logger } from "../logger.ts";

/** Whether an error says that a part of the platform is away: the event is not at fault and is not counted against. */
export function isAway(error: unknown): boolean {
  return isConnectionLoss(error) || isUnavailable(error);
}

/** What is kept of an error: it may be shown to an operator. */
export function said(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000);
}

/** Says that an event has failed, and what becomes of it. */
export function logFailure(
  logger: unknown,
  channel: string,
  event: AnySequencedEvent,
  { state, attempts, error }: { state: "retrying" | "dead"; attempts: number; error: unknown },
): void {
  const { type, stream, tenant, sequence } = event;
  const fields = { err: error, channel, type, stream, tenant, sequence, attempts };
  if (state === "dead") (logger as Logger).error(fields, "an event is a dead letter");
  else (logger as Logger).warn(fields, "an event has failed, its stream is parked");
}
