import { Connection } from "./connection.ts";
import type { NextRequest } from "./requests.ts";
import type { Samples } from "./samples.ts";
import { Schedule } from "./schedule.ts";

/** A way of sending requests until it is told to stop. */
export interface Loop {
  /** How many requests have been sent. */
  readonly sent: number;
  /** Waits for a moment at which nothing is in flight. */
  settled(): Promise<void>;
  /** Begins nothing new; done when the last answer is there. */
  stop(): Promise<void>;
}

/** What is common to all loops: what is in flight, and the time that each answer took. */
abstract class Sending implements Loop {
  sent = 0;
  readonly #urls: readonly string[];
  readonly #next: NextRequest;
  readonly #samples: Samples;
  readonly #connections: Connection[] = [];
  protected inFlight = 0;
  protected stopped = false;
  readonly #settled: (() => void)[] = [];

  constructor(urls: readonly string[], next: NextRequest, samples: Samples) {
    this.#urls = urls;
    this.#next = next;
    this.#samples = samples;
  }

  protected connection(): Connection {
    const connection = new Connection(this.#urls[this.connections % this.#urls.length] as string);
    this.#connections.push(connection);
    return connection;
  }

  protected get connections(): number {
    return this.#connections.length;
  }

  /** Sends the next request; its time counts from `since`. */
  protected sendOn(connection: Connection, since: number): void {
    const request = this.#next();
    this.sent += 1;
    this.inFlight += 1;
    connection.send(request.bytes, (status, body) => {
      this.inFlight -= 1;
      this.#samples.add(request.kind, status, performance.now() - since);
      request.answered?.(status, body);
      this.freed(connection);
      if (this.isDone()) for (const resolve of this.#settled.splice(0)) resolve();
    });
  }

  /** A connection has got its answer. */
  protected abstract freed(connection: Connection): void;

  protected isDone(): boolean {
    return this.inFlight === 0;
  }

  async settled(): Promise<void> {
    if (!this.isDone()) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.settled();
    for (const connection of this.#connections) connection.close();
  }
}

/** A closed loop: so many connections, each sending its next request as soon as the last is answered. */
export class ClosedLoop extends Sending {
  #limit: number;
  readonly #idle: Connection[];

  /** @param limit how many requests may be sent in all, until `allow` says otherwise */
  constructor(urls: readonly string[], next: NextRequest, samples: Samples, connections: number, limit: number) {
    super(urls, next, samples);
    this.#limit = limit;
    this.#idle = Array.from({ length: connections }, () => this.connection());
    this.#fill();
  }

  /** Lets so many more requests be sent than are in flight now, and no others. */
  allow(more: number): void {
    this.#limit = this.sent + Math.max(0, more - this.inFlight);
    this.#fill();
  }

  #fill(): void {
    while (!this.stopped && this.sent < this.#limit) {
      const connection = this.#idle.pop();
      if (!connection) return;
      this.sendOn(connection, performance.now());
    }
  }

  protected override freed(connection: Connection): void {
    this.#idle.push(connection);
    this.#fill();
  }
}

/**
 * An open loop: requests are due at a fixed rate whatever the answers take, and their times count from when they were
 * due. What finds no free connection opens one, and waits when there are as many as allowed.
 */
export class OpenLoop extends Sending {
  readonly #schedule: Schedule;
  readonly #bound: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(urls: readonly string[], next: NextRequest, samples: Samples, perSecond: number, connections: number) {
    super(urls, next, samples);
    this.#schedule = new Schedule(performance.now(), perSecond);
    this.#bound = connections;
    this.#tick();
  }

  #tick(): void {
    for (;;) {
      const due = this.#schedule.take(performance.now());
      if (due === undefined) break;
      const connection = this.#idle.pop() ?? (this.connections < this.#bound ? this.connection() : undefined);
      if (connection) this.sendOn(connection, due);
      else this.#waiting.push(due);
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#schedule.next - performance.now()));
  }

  protected override freed(connection: Connection): void {
    const due = this.#waiting.shift();
    if (due === undefined) this.#idle.push(connection);
    else this.sendOn(connection, due);
  }

  protected override isDone(): boolean {
    return super.isDone() && this.#waiting.length === 0;
  }

  override stop(): Promise<void> {
    clearTimeout(this.#timer);
    return super.stop();
  }
}
