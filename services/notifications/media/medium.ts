import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { Message } from "../message.ts";
import type { Unsent } from "../unsent.ts";

/** A way to reach people. */
export interface Medium {
  readonly name: string;
  /** Hands messages over, each once by its id: one that it was given before it passes over. Rejects if it takes none. */
  send(messages: readonly Message[]): Promise<void>;
}

/** The notifications service, as its handlers see it. */
export interface NotificationsService extends DomainService {
  readonly medium: Medium;
  /** What this node is to hand over, and who does it; woken when there is something. */
  readonly unsent: Unsent;
  readonly sending: Timer;
  /** Hands over what was left by a node that died, or by a medium that took nothing. */
  readonly resending: Timer;
  readonly expiry: Timer;
}
