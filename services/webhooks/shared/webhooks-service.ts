import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { Caller } from "../sending/caller.ts";
import type { Dispatcher } from "../sending/dispatcher.ts";

/** The webhooks service, as its handlers see it. */
export interface WebhooksService extends DomainService {
  /** Hosts that may be on this machine, and without TLS. */
  readonly insecureHosts: readonly string[];
  readonly caller: Caller;
  readonly dispatcher: Dispatcher;
  /** Sends what is due; woken when there is something. */
  readonly sending: Timer;
  readonly expiry: Timer;
  /** How many tests of each tenant run on this node. */
  readonly tests: Map<string, number>;
}
