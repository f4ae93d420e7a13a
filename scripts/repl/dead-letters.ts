import type { DeadLetter } from "../../mixins/dead-letters.ts";
import type { DomainName } from "../../platform/config.ts";
import { isUuid } from "../../platform/ids.ts";
import { type Operator, Refused } from "./operator.ts";

/** The dead letters of all domains that answer, newest first, and the domains that do not. */
export async function listDeadLetters(
  operator: Operator,
  limit: number,
): Promise<{ letters: DeadLetter[]; away: DomainName[] }> {
  const { found, away } = operator.domainsWith("deadLetters.list");
  const lists = await Promise.all(
    found.map((domain) => operator.askAny<DeadLetter[]>(`${domain}.deadLetters.list`, { limit })),
  );
  // Ids are in the order of their making, over all domains.
  const letters = lists.flat().sort((a, b) => (a.id < b.id ? 1 : -1));
  return { letters: letters.slice(0, limit), away };
}

/** Asks each domain about one dead letter, which only one of them can have. */
export async function askWhoeverHasIt<T>(
  operator: Operator,
  what: "get" | "redrive" | "discard",
  id: string,
): Promise<T> {
  if (!isUuid(id)) throw new Refused(`${id} is not the id of a dead letter, which is a UUID.`);
  const { found, away } = operator.domainsWith("deadLetters.list");
  for (const domain of found) {
    try {
      return await operator.askAny<T>(`${domain}.deadLetters.${what}`, { id });
    } catch (error) {
      if ((error as { type?: unknown }).type !== "NOT_FOUND") throw error;
    }
  }
  const unless = away.length > 0 ? `, unless it is one of ${away.join(", ")}, not available now` : "";
  throw new Refused(`There is no dead letter ${id}${unless}.`);
}

/** For the completion of their ids. */
export async function idsOfDeadLetters(operator: Operator): Promise<string[]> {
  return (await listDeadLetters(operator, 50)).letters.map(({ id }) => id);
}
