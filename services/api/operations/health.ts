import type { ServiceBroker } from "moleculer";
import type { DomainHealth } from "../../../mixins/health.ts";
import { DOMAINS } from "../../../platform/config.ts";
import type { HealthReport } from "../contract.ts";
import { ANSWER_MS } from "./figures.ts";

/** How the domains are, one by one: each with the database behind it, its relay and its parked streams. */
export async function checkDomains(broker: ServiceBroker): Promise<HealthReport> {
  const checks = await Promise.all(
    DOMAINS.map(async (domain): Promise<[string, { status: "up" | "down" }]> => {
      try {
        const health = await broker.call<DomainHealth, object>(`${domain}.health.check`, {}, { timeout: ANSWER_MS });
        return [domain, { status: "up", ...health }];
      } catch {
        return [domain, { status: "down" }];
      }
    }),
  );
  const isUp = checks.every(([, { status }]) => status === "up");
  return { status: isUp ? "up" : "down", dependencies: Object.fromEntries(checks) };
}
