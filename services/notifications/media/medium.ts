import type { MediumName } from "../contract.ts";
import type { Outcome, OutgoingMessage } from "../message.ts";

/** A way to reach people, behind which a provider stands, or a sandbox. */
export interface Medium {
  readonly name: MediumName;
  /** What is behind it, for the log: `smtp`, `http`, `sandbox`. */
  readonly kind: string;
  /** How many messages it takes at a time. */
  readonly atOnce: number;
  /** How long that may take, in ms: after it every one of them has its outcome. */
  readonly longestMs: number;
  /**
   * Hands messages over, no two of one order. Answers an outcome for each, in their order, and rejects only if none has
   * left. A provider that was given a message before knows it by its id.
   */
  send(messages: readonly OutgoingMessage[]): Promise<readonly Outcome[]>;
  /** Lets go of its connections. What is still on its way is not waited for any more, and comes back as not taken. */
  close(): void;
}
