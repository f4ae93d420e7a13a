import type { AuthService } from "./auth-service.ts";

/**
 * Tells the gateways that what the edge lets a client or a tenant do was changed: once the change is committed. A gateway
 * that misses it looks again by itself, some seconds later.
 */
export function tellRulesChanged(service: Pick<AuthService, "broker">): void {
  service.broker.broadcast("auth.rules_changed", {}).catch(() => {});
}
