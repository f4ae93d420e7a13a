import { within } from "../../../platform/deadline.ts";
import { type Problem, unavailable } from "../../../platform/errors.ts";
import type { PlaceRequest } from "./kept-answers.ts";

/** Whether the caller of a request has gone. */
export function isLate({ deadline }: PlaceRequest): boolean {
  return deadline < within(0);
}

/** What is said to those, should they still listen. */
export function tooLate(): Problem {
  return unavailable({ retryAfter: 1 });
}
