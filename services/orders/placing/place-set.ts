import type { DomainService } from "../../../platform/service.ts";
import { placeOrders } from "../repository.ts";
import { firstOfEachKey, keptAnswers, type PlaceRequest, type PlaceResult } from "./kept-answers.ts";
import { isLate, tooLate } from "./late.ts";
import type { Placeable, Verdict } from "./orders-service.ts";

/**
 * Places a set of orders in one transaction: all rows with their keys, and each request gets its own answer. Twins of one
 * key within the set wait for the first of them. Whether a key was used before is asked only for those that were not
 * placed: repetitions are few.
 */
export async function placeSet(service: DomainService, verdicts: readonly Verdict[]): Promise<PlaceResult[]> {
  const results = new Map<PlaceRequest, PlaceResult>();
  // Work for those who have gone would make the next ones late too.
  for (const { request } of verdicts) if (isLate(request)) results.set(request, { problem: tooLate() });
  const placeable = verdicts.filter((one): one is Placeable => "placement" in one && !results.has(one.request));
  const first = firstOfEachKey(placeable);
  if (first.length > 0) {
    const placed = await placeOrders(
      service.database,
      service.log,
      first.map(({ placement }) => placement),
    );
    for (const { request, order, body } of first) {
      if (placed.has(order.id)) results.set(request, { order, body, replayed: false });
    }
  }
  const answered = answerOthers(service, verdicts, results);
  // What is placed stays placed: a failure is for those who have no answer yet.
  const failed = (error: Error) => {
    for (const { request } of verdicts) if (!results.has(request)) results.set(request, { problem: error });
  };
  await (results.size > 0 ? answered.catch(failed) : answered);
  return verdicts.map(({ request }) => results.get(request) as PlaceResult);
}

/**
 * Answers those that were not placed: they have lost their key, to a request of earlier or of another node, or are twins,
 * or something is wrong with them now that was not when they came first.
 */
async function answerOthers(
  service: DomainService,
  verdicts: readonly Verdict[],
  results: Map<PlaceRequest, PlaceResult>,
): Promise<void> {
  const others = verdicts.filter(({ request }) => !results.has(request));
  // A new statement, because the one that waited for a winner does not see it.
  const kept = await keptAnswers(
    service,
    others.map(({ request }) => request),
  );
  const left: Verdict[] = [];
  for (const other of others) {
    const answer = kept.get(other.request) ?? ("problem" in other ? { problem: other.problem } : undefined);
    if (answer) results.set(other.request, answer);
    else left.push(other);
  }
  if (left.length === 0) return;
  // Whoever had their key has let it go.
  const again = await placeSet(service, left);
  for (const [i, { request }] of left.entries()) results.set(request, again[i] as PlaceResult);
}
