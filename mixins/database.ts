import type { ServiceSchema } from "moleculer";
import { systemClock } from "../platform/clock.ts";
import { configOf, type DomainName } from "../platform/config.ts";
import { Database } from "../platform/database.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";

/** The connections a domain's pool opens at most. Few transactions at a time make large sets. */
const CONNECTIONS = 10;

/** Gives a service its `database` and its `clock`; closes the pool after everything else has stopped. */
export function database(domain: DomainName): ServiceSchema {
  return defineSchema<DomainService>({
    name: domain,
    created(this: DomainService) {
      const url = configOf(this.broker).databases[domain];
      Object.assign(this, { database: new Database(url, domain, CONNECTIONS), clock: systemClock });
    },
    async stopped(this: DomainService) {
      await this.database.close();
    },
  });
}
