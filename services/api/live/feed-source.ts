import type { ServiceBroker } from "moleculer";
import { LogTail, type ReadLog } from "../../../platform/channels/log-tail.ts";
import type { AnySequencedEvent } from "../../../platform/event-log.ts";
import type { Logger } from "../../../platform/logger.ts";

/** Where the live feeds' events come from: the orders' log, in its order. */
export interface FeedSource {
  /** The sequence of the last event that is in the log at this moment. */
  currentHead(): Promise<number>;
  /** The sequence up to which `after` knows the log. It may still be behind `currentHead`. */
  readonly head: number;
  /** The events after a sequence, in order, of one partition or of all; none at the head. */
  after(sequence: number, limit: number, partition?: number): Promise<readonly AnySequencedEvent[]>;
  /** Resolves when there may be events beyond a sequence, or the time is over. */
  grown(beyond: number, milliseconds: number): Promise<void>;
  /** The log has grown, says its owner. */
  wake(): void;
  stop(): Promise<void>;
}

interface WithTails {
  tail?(domain: string): LogTail;
}

/**
 * The orders' log as this process reads it anyway, where the channels' adapter does; otherwise a reading of its own
 * through the protected actions of the log's owner, wherever that runs.
 */
export function ordersLog(broker: ServiceBroker, logger: Logger, pollMs: number): FeedSource {
  const adapter = (broker as unknown as { channelAdapter?: WithTails }).channelAdapter;
  const currentHead = () => broker.call<number>("orders.log.head");
  let tail = adapter?.tail?.("orders");
  const own = tail === undefined;
  if (!tail) {
    const read = (...[after, limit, partition]: Parameters<ReadLog>) =>
      broker.call<AnySequencedEvent[], object>("orders.log.read", { after, limit, partition });
    tail = new LogTail({ read, head: currentHead }, logger, pollMs);
    tail.start();
  }
  const shared = tail;
  return {
    currentHead,
    get head() {
      return shared.head;
    },
    after: (sequence, limit, partition) => shared.after(sequence, limit, partition),
    grown: (beyond, milliseconds) => shared.grown(beyond, milliseconds),
    wake: () => shared.wake(),
    stop: async () => {
      if (own) await shared.stop();
    },
  };
}
