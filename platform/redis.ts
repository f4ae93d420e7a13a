import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Middleware, ServiceBroker } from "moleculer";
import type { Logger } from "./logger.ts";

/** Whoever waits for Redis longer than this, in ms, would have been served sooner without it. */
const PATIENCE_MS = 150;
const RECONNECT_MS = 1_000;
const PROBE_MS = 500;

/**
 * A node's connection to Redis, which holds nothing but what can be made again. Nobody waits for it: while it is away
 * or slow it is not asked at all, and one connection looks in the background whether it is there again.
 */
export class RedisLink {
  readonly #url: string;
  #client: Redis | undefined;
  #logger: Logger | undefined;
  /** Not known before the first attempt to connect. */
  #isUp: boolean | undefined;
  #probing = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Whether Redis answers, and in time. */
  get isUp(): boolean {
    return this.#isUp === true;
  }

  /** Begins to connect, and does not wait for it. */
  async open(name: string, logger: Logger): Promise<void> {
    this.#logger = logger;
    // Only here: a process without Redis does without its client too.
    const { Redis } = await import("ioredis");
    const client = new Redis(this.#url, {
      connectionName: name,
      connectTimeout: 2_000,
      disconnectTimeout: 200,
      // What cannot be asked now is not asked later: its caller has gone on without.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(RECONNECT_MS, 50 * 2 ** attempt) * (0.5 + Math.random() / 2),
    });
    this.#client = client;
    // It is told by every attempt to connect, and tells the log once.
    client.on("error", (error) => this.#lost(error));
    client.on("close", () => this.#lost(new Error("the connection is closed")));
    client.on("ready", () => this.#found());
  }

  /** What Redis answers. Rejects at once while it is away, and after a moment when it is slow. */
  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (!client || !this.#isUp) throw new Error("Redis is away");
    try {
      return await inTime(question(client));
    } catch (error) {
      // An answer of Redis's own is no sign of trouble.
      if ((error as Error).name !== "ReplyError") this.#lost(error as Error);
      throw error;
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#isUp = false;
    client?.disconnect();
  }

  #lost(error: Error): void {
    if (this.#isUp === false || !this.#client) return;
    this.#isUp = false;
    this.#logger?.warn({ err: error }, "Redis is away; working without it");
    void this.#probe();
  }

  #found(): void {
    if (this.#isUp || !this.#client) return;
    this.#isUp = true;
    this.#logger?.info({}, "Redis is there");
  }

  /** A connection that was slow is still open, and nothing but an answer tells that it is well again. */
  async #probe(): Promise<void> {
    if (this.#probing) return;
    this.#probing = true;
    while (this.#client && !this.#isUp) {
      await sleep(PROBE_MS, undefined, { ref: false });
      if (!this.#client) break;
      const answer = await inTime(this.#client.ping()).catch(() => undefined);
      if (answer !== undefined) this.#found();
    }
    this.#probing = false;
  }
}

/** An answer, if it comes in time. One that has come while this process was busy with something else has. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // Between a timer and an immediate Node reads what has arrived.
    timer = setTimeout(() => setImmediate(reject, new Error("Redis did not answer in time")), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Holds the link open while the broker runs. */
export function redisLink(link: RedisLink): Middleware {
  return {
    name: "redis",
    starting: (broker) => link.open(broker.nodeID, broker.getLogger("redis") as unknown as Logger),
    stopped: async () => link.close(),
  };
}

/** The link of a node; undefined in the embedded profile. */
export function redisOf(broker: ServiceBroker): RedisLink | undefined {
  return (broker.options as { redis?: RedisLink }).redis;
}
