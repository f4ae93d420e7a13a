import type { NatsConnection } from "nats";
import type { ClusterConfig } from "../config.ts";
import { newInbox } from "./connection.ts";

/** How often a node is asked for a sign of life while its answers are waited for, in ms. */
const PROBE_MS = 1_000;

/** What of Moleculer's transit shows who is asked and not heard of, and asks for a sign of life. */
export interface Asking {
  readonly pendingRequests: ReadonlyMap<unknown, { readonly nodeID: string | null }>;
  sendPing(nodeId: string): unknown;
}

/**
 * Notices a node that is gone without a word, within a second: every node listens to subjects of its own, and NATS
 * says at once when nobody listens there. By its silence alone Moleculer notices it after ten to twenty seconds, and
 * until then every other call would go to it and wait for its whole time.
 */
export class VanishedNodes {
  readonly #client: NatsConnection;
  readonly #inbox: string;
  readonly #timer: NodeJS.Timeout;

  /** @param onVanished told of each message that nobody was there for */
  constructor(
    client: NatsConnection,
    user: ClusterConfig["nats"]["user"],
    asking: Asking,
    onVanished: (nodeId: string) => void,
  ) {
    this.#client = client;
    this.#inbox = newInbox(user);
    client.subscribe(`${this.#inbox}.>`, {
      callback: (_error, { subject, headers }) => {
        if (headers?.code === 503) onVanished(subject.slice(this.#inbox.length + 1));
      },
    });
    this.#timer = setInterval(() => {
      if (this.#client.isClosed()) return this.stop();
      for (const nodeId of asked(asking)) asking.sendPing(nodeId);
    }, PROBE_MS);
    this.#timer.unref();
  }

  /** Where NATS answers when nobody listens to a message for a node. */
  replyFor(nodeId: string): string {
    return `${this.#inbox}.${nodeId}`;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The nodes whose answers are waited for. */
export function asked({ pendingRequests }: Pick<Asking, "pendingRequests">): Set<string> {
  const nodes = new Set<string>();
  for (const { nodeID } of pendingRequests.values()) if (nodeID !== null) nodes.add(nodeID);
  return nodes;
}
