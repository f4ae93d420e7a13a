import type { DomainService } from "../../../platform/service.ts";
import { removeExpiredTickets } from "../repository.ts";

const LIMIT = 1_000;

/** Removes tickets that nobody used in time. Answers 0 when there may be more. */
export async function removeExpired({ database, clock }: DomainService): Promise<0 | undefined> {
  return (await removeExpiredTickets(database, clock.now(), LIMIT)) === LIMIT ? 0 : undefined;
}
