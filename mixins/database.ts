import type { ServiceSchema } from "moleculer";
import { systemClock } from "../platform/clock.ts";
import { configOf, type DomainName } from "../platform/config.ts";
import { Database } from "../platform/database.ts";
import { forgetOldKeys } from "../platform/idempotency.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";
import { Timer } from "../platform/timer.ts";

/** The connections a domain's pool opens at most. Few transactions at a time make large sets. */
const CONNECTIONS = 10;

const FORGET_EVERY_MS = 60_000;

interface WithDatabase extends DomainService {
  keyTimer: Timer;
}

/**
 * Gives a service its `database` and its `clock`, keeps its idempotency keys no longer than is promised, and closes
 * the pool after everything else has stopped.
 */
export function database(domain: DomainName): ServiceSchema {
  return defineSchema<WithDatabase>({
    name: domain,
    created(this: WithDatabase) {
      const url = configOf(this.broker).databases[domain];
      Object.assign(this, { database: new Database(url, domain, CONNECTIONS), clock: systemClock });
      this.keyTimer = new Timer({
        name: "old idempotency keys",
        everyMs: FORGET_EVERY_MS,
        run: () => forgetOldKeys(this),
        logger: this.logger as never,
      });
    },
    async started(this: WithDatabase) {
      this.keyTimer.start();
    },
    async stopped(this: WithDatabase) {
      await this.keyTimer.stop();
      await this.database.close();
    },
  });
}
