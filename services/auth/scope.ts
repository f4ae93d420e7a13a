import type { Scope } from "../../platform/contracts.ts";
import { SCOPES } from "./contract.ts";

/** What a tenant's operators may have: all that is not the platform's. */
export const TENANT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== "platform");

/** What a customer's token may carry, as far as the client has it. */
export const CUSTOMER_SCOPES: readonly Scope[] = ["orders:read", "orders:write", "payments:read", "delivery:read"];

/** The scopes of a `scope` parameter (RFC 6749, 3.3), each once, in the order given. */
export function parseScope(scope: string): string[] {
  return [...new Set(scope.split(" ").filter((one) => one !== ""))];
}

/**
 * The scopes of a new token: all that were granted, or those of them that are asked for. Undefined when more is asked
 * for than was granted: a token never silently does less than its holder believes.
 */
export function narrowScope(asked: string | undefined, granted: readonly string[]): readonly string[] | undefined {
  const wanted = parseScope(asked ?? "");
  if (wanted.length === 0) return granted;
  return wanted.every((one) => granted.includes(one)) ? wanted : undefined;
}
