import type { ServiceSchema } from "moleculer";
import { configOf, type SealingDomain } from "../platform/config.ts";
import { Sealing } from "../platform/sealing/sealing.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";

/** Gives a service its `sealing`: what it keeps that is personal or secret is encrypted by the domain's keys. */
export function sealing(domain: SealingDomain): ServiceSchema {
  return defineSchema<DomainService>({
    name: domain,
    created(this: DomainService) {
      Object.assign(this, { sealing: new Sealing(domain, configOf(this.broker).encryptionKeys[domain]) });
    },
  });
}
