import { accountOf, servicesOf } from "../bus/accounts.ts";
import type { Identity } from "../service.ts";

const SERVICE = "service:";
const OPERATOR = "operator:";
/** The account of the operators' prompt. */
const OPERATORS = "operator";

/** Whether a client's name is one of the platform's own: of a service at work, or of a person at the operators' prompt. */
export function isPlatformName(client: string): boolean {
  return client.startsWith(SERVICE) || client.startsWith(OPERATOR);
}

/** Whether it is the platform's own work. */
export function isService({ client }: Identity): boolean {
  return client.startsWith(SERVICE);
}

/**
 * Who a call without a token is from, by the account of the node that sent it, which NATS vouches for: a service that
 * the account's nodes run, for whatever tenant it names, or a person at the operators' prompt. Undefined for everybody
 * else, whatever they claim.
 *
 * @param claimed the identity that came with the call
 * @param areAccountsKnown whether NATS knows its accounts; otherwise there is nothing to hold the claim against
 */
export function platformIdentity(nodeId: string, claimed: unknown, areAccountsKnown: boolean): Identity | undefined {
  if (typeof claimed !== "object" || claimed === null) return undefined;
  const { tenant, client, scopes } = claimed as Record<string, unknown>;
  if (typeof tenant !== "string" || typeof client !== "string") return undefined;
  const account = accountOf(nodeId);
  if (client.startsWith(SERVICE)) {
    const isItsOwn = servicesOf(account).includes(client.slice(SERVICE.length));
    return isItsOwn || !areAccountsKnown ? { tenant, client, scopes: [] } : undefined;
  }
  if (client.startsWith(OPERATOR) && (account === OPERATORS || !areAccountsKnown)) {
    const asked = Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : [];
    return { tenant, client, scopes: asked };
  }
  return undefined;
}
