import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { findRevocations } from "../repository.ts";

/** The most of them that are given at a time: they have to fit in a message. */
const TOGETHER = 2_000;

/**
 * What was revoked behind a place, in the order in which it was, with the ids of all keys: every node asks twice a second.
 * It is read from the table each time, so that whoever is answered knows what every node has committed.
 */
export const listRevocations: ActionHandler<"auth.revocations", AuthService> = async function (ctx) {
  const { revoked, next } = await findRevocations(this.database, ctx.params.after, TOGETHER);
  return { revoked, next, more: revoked.length === TOGETHER, kids: this.keys.jwks.map(({ kid }) => kid as string) };
};
