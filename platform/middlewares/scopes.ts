import type { ActionSchema } from "moleculer";
import { forbidden, type Problem, unauthorised, unavailable } from "../errors.ts";
import { isService } from "../identity/platform-names.ts";
import type { TokenVerifier } from "../identity/token-verifier.ts";
import type { Identity } from "../service.ts";

/** What an action says of who may call it. */
export interface Guarded {
  /** The scopes of which the caller needs all. */
  readonly scopes?: readonly string[];
  /** Who is let in at all: whoever has an identity, the platform's own work alone, or anybody. */
  readonly callers?: "identified" | "services" | "anybody";
  /** It is about the customer whose token it is: no other token will do. */
  readonly customer?: boolean;
  /** It is not done on a token of which nobody knows whether it was revoked. */
  readonly consequential?: boolean;
}

/** What is answered to the token of a client where a customer's is needed. */
export const CUSTOMERS_ALONE = "The token has to be a customer's own.";

/**
 * What is wrong with a caller of an action, checked where it runs: the gateway's check is not the only one. Work of the
 * platform itself needs no scopes. Undefined when anybody may call it. The answer is there at once but for what matters on a
 * token of which it has to be asked whether it was revoked.
 */
export function refusalOf(
  action: ActionSchema,
  verifier: TokenVerifier,
): ((identity: Identity | undefined) => Problem | undefined | Promise<Problem | undefined>) | undefined {
  const { scopes = [], callers = "anybody", customer = false, consequential = false } = action as Guarded;
  if (scopes.length === 0 && callers === "anybody") return undefined;
  return (identity) => {
    if (!identity) return unauthorised();
    // Of no use to the platform either: whose things would they be?
    if (customer && identity.customer === undefined) return forbidden({ detail: CUSTOMERS_ALONE });
    if (isService(identity)) return undefined;
    if (callers === "services") return forbidden({ detail: "This is for the platform itself." });
    const missing = scopes.filter((scope) => !identity.scopes.includes(scope));
    if (missing.length > 0) return forbidden({ detail: `The token lacks ${missing.join(", ")}.` });
    // Who is at the operators' prompt has no token that could have been revoked.
    if (!consequential || identity.tokenId === undefined || verifier.isFresh) return undefined;
    return stillGood(verifier, identity);
  };
}

/** What is wrong with a token once it was asked anew what was revoked. */
async function stillGood(verifier: TokenVerifier, identity: Identity): Promise<Problem | undefined> {
  if (!(await verifier.freshened())) {
    return unavailable({ detail: "It is not known which access tokens were revoked.", retryAfter: 5 });
  }
  return verifier.hasEnded(identity) ? unauthorised({ detail: "The access token is not valid." }) : undefined;
}
