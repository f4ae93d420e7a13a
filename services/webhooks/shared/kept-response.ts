import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { Attempt } from "../contract.ts";
import type { AttemptRow } from "../delivery-repository.ts";
import type { Reply } from "../sending/caller.ts";

/** The column of attempts that is sealed: what a tenant's own system has said. */
export const RESPONSES = "attempts.response";

/** A row of attempts that an answer is sealed in. */
export interface ResponsePlace {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly number: number;
}

/** An answer as it is kept; none, if none came. */
export function sealResponse(sealing: Sealing, place: ResponsePlace, reply: Reply): Buffer | undefined {
  if (reply.status === undefined) return undefined;
  const { headers, body } = reply;
  return sealing.column(RESPONSES).seal(placeOf(place), JSON.stringify({ headers, body }));
}

/** An attempt as its tenant sees it. */
export function attemptView(sealing: Sealing, tenant: string, deliveryId: string, row: AttemptRow): Attempt {
  const { number, at, durationMs, status, error, response } = row;
  const place = placeOf({ tenant, deliveryId, number });
  return {
    ...{ number, at, durationMs },
    ...(status !== null && { status }),
    ...(error !== null && { error }),
    ...(response !== null && { response: JSON.parse(sealing.column(RESPONSES).open(place, response)) }),
  };
}

function placeOf({ tenant, deliveryId, number }: ResponsePlace) {
  return { tenant, id: `${deliveryId}/${number}` };
}
