import { setTimeout as sleep } from "node:timers/promises";
import type { JetStreamClient, JetStreamManager, NatsConnection } from "nats";
import { connectionOptions, newInbox } from "../../bus/connection.ts";
import type { ClusterConfig } from "../../config.ts";
import type { Logger } from "../../logger.ts";

/** NATS's own answers and its client's words for "not now". */
const AWAY = /TIMEOUT|503|DISCONNECT|CONNECTION_|NO_RESPONDERS|CONN_/i;

/** What is open while there is a connection. */
export interface Open {
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
}

/**
 * A node's connection to JetStream. It is made in the background and never given up: a node starts, and takes
 * orders, while NATS is away.
 */
export class JetStreamSession {
  readonly #nats: ClusterConfig["nats"];
  readonly #name: string;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  readonly #reconnected = new Set<() => void>();
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;

  constructor(nats: ClusterConfig["nats"], name: string, logger: Logger) {
    this.#nats = nats;
    this.#name = name;
    this.#logger = logger;
  }

  /** Begins to connect. */
  start(): void {
    this.#opening = this.#connect();
    // Whoever waits for it hears of the end; if nobody does, it is no unhandled rejection.
    this.#opening.catch(() => {});
  }

  /** The connection, once there is one. Rejects when whoever waits for it is stopped before, or the session. */
  async open(signal: AbortSignal): Promise<Open> {
    signal.throwIfAborted();
    if (this.#open) return this.#open;
    if (!this.#opening) throw new Error("the session has not been started");
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    return Promise.race([this.#opening, stopped]);
  }

  /** A subject of this node's own, for answers. */
  newInbox(): string {
    return newInbox(this.#nats.user);
  }

  /** Calls back whenever the connection was lost and is there again, until the returned function is called. */
  onReconnect(run: () => void): () => void {
    this.#reconnected.add(run);
    return () => this.#reconnected.delete(run);
  }

  /** Sends what is still to be sent and closes. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const open = await this.#opening?.catch(() => undefined);
    if (!open || open.connection.isClosed()) return;
    // A drain waits for the server; one that is away would hold the node's stop up.
    await Promise.race([open.connection.drain(), sleep(2_000, undefined, { ref: false })]).catch(() => {});
    await open.connection.close().catch(() => {});
  }

  async #connect(): Promise<Open> {
    const { signal } = this.#stopping;
    const { connect } = await import("nats");
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        const connection = await connect(connectionOptions(this.#nats, this.#name));
        // `checkAPI` would ask for account figures, which is one more right to grant.
        const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 2_000 });
        this.#open = { connection, manager, stream: connection.jetstream({ timeout: 2_000 }) };
        void this.#watch(connection);
        return this.#open;
      } catch (error) {
        if (attempt === 1 || attempt % 20 === 0)
          this.#logger.warn({ err: error, attempt }, "JetStream cannot be reached; trying on");
        await sleep(Math.min(2_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2), undefined, { signal });
      }
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      if (type === "disconnect") this.#logger.warn({}, "the connection to JetStream is lost; reconnecting");
      if (type === "error") this.#logger.warn({ detail: String(data) }, "NATS has refused something");
      if (type !== "reconnect") continue;
      this.#logger.info({}, "the connection to JetStream is there again");
      for (const run of [...this.#reconnected]) run();
    }
  }
}

/** Whether an error says that JetStream does not answer, which is nobody's fault here. */
export function isJetStreamAway(error: unknown): boolean {
  return AWAY.test(String((error as { code?: unknown }).code ?? ""));
}
