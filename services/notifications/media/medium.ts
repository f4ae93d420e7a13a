import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { Message } from "../message.ts";

/** A way to reach people. */
export interface Medium {
  readonly name: string;
  /** Hands messages over, each once by its id: one that it was given before it passes over. Rejects if it takes none. */
  send(messages: readonly Message[]): Promise<void>;
}

/** The notifications service, as its handlers see it. */
export interface NotificationsService extends DomainService {
  readonly medium: Medium;
  /** Hands recorded messages over; woken when there are some. */
  readonly sending: Timer;
  readonly expiry: Timer;
}
