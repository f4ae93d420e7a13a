import type { Instant } from "../../platform/clock.ts";
import type { DisabledReason, Webhook } from "./contract.ts";

/** What of an endpoint is sealed. */
export interface EndpointSecrets {
  readonly url: string;
  readonly description?: string;
  /** `whsec_` and 32 random bytes in base64, as the specification writes secrets. */
  readonly secret: string;
  /** The one before, which signs as well until a time. */
  readonly previous?: { readonly secret: string; readonly until: Instant };
}

/** An endpoint of a tenant. */
export interface Endpoint {
  readonly id: string;
  readonly tenant: string;
  readonly secrets: EndpointSecrets;
  /** The types of events that it wants; none: all. */
  readonly types: readonly string[];
  readonly enabled: boolean;
  readonly disabledReason: DisabledReason | null;
  readonly disabledAt: Instant | null;
  readonly failingSince: Instant | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** An endpoint as its tenant sees it. */
export function webhookView(endpoint: Endpoint, now: Instant): Webhook {
  const { id, secrets, types, enabled, disabledReason, disabledAt, failingSince, createdAt, updatedAt } = endpoint;
  const { url, description, previous } = secrets;
  return {
    ...{ id, url, ...(description !== undefined && { description }), events: types as Webhook["events"], enabled },
    ...(disabledReason !== null && { disabledReason }),
    ...(disabledAt !== null && { disabledAt }),
    ...(failingSince !== null && { failingSince }),
    ...(previous && previous.until > now && { previousSecretUntil: previous.until }),
    ...{ createdAt, updatedAt },
  };
}

/** The members of a payload that is sent, in the specification's words. */
export interface Payload {
  readonly type: string;
  readonly timestamp: Instant;
  readonly data: object;
}
