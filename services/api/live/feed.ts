import type { ServerResponse } from "node:http";
import type { AnySequencedEvent } from "../../../platform/event-log.ts";

/** What waits to be sent to a reader at most, in bytes. What the kernel holds comes on top. */
const MOST_WAITING = 256 * 1024;
/** How long a reader may leave waiting what it was sent, in ms. */
const STALLED_MS = 10_000;

/** Whose events a feed shows, and until when. */
export interface FeedFilter {
  readonly tenant: string;
  readonly customer?: string;
  /** One order's events alone. */
  readonly order?: string;
  /** The end of the token, in seconds since 1970, and its id. */
  readonly expires?: number;
  readonly tokenId?: string;
  readonly epoch?: string;
}

/** One reader of the live feeds. There may be very many: it has no timer and no buffer of its own. */
export class Feed {
  readonly filter: FeedFilter;
  /** The sequence up to which the reader was sent everything, while it reads for itself. */
  position: number;
  readonly #res: ServerResponse;
  #stalledSince: number | undefined;
  #resume: (() => void) | undefined;

  constructor(res: ServerResponse, filter: FeedFilter, position: number) {
    this.filter = filter;
    this.position = position;
    this.#res = res;
    const resume = () => {
      this.#stalledSince = undefined;
      this.#resume?.();
      this.#resume = undefined;
    };
    res.on("drain", resume).on("close", resume);
  }

  get ended(): boolean {
    return this.#res.writableEnded || this.#res.destroyed;
  }

  /** Whether bytes wait that the reader has not taken. */
  get stalled(): boolean {
    return this.#stalledSince !== undefined;
  }

  /** Whether an event is among those that the feed shows. */
  shows(event: AnySequencedEvent): boolean {
    const { tenant, customer, order } = this.filter;
    if (event.tenant !== tenant) return false;
    if (order !== undefined && event.stream !== order) return false;
    return customer === undefined || event.meta.feed?.customer === customer;
  }

  /** Sends bytes. Whoever sends more to a reader that is stalled cuts it off; it comes back and resumes. */
  write(chunk: Buffer): void {
    if (this.ended || this.#res.write(chunk)) return;
    this.#stalledSince ??= performance.now();
    if (this.#res.writableLength > MOST_WAITING) this.cut();
  }

  /** Resolves when the reader has taken what it was sent, or has gone. */
  async drained(): Promise<void> {
    if (!this.stalled || this.ended) return;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Sends a comment, so that the connection is known to live; not to a reader that has bytes waiting. */
  beat(comment: Buffer): void {
    if (!this.stalled) this.write(comment);
  }

  /** Ends what has run out: the token, or our patience. */
  check(now: number, seconds: number): void {
    if (this.filter.expires !== undefined && this.filter.expires <= seconds) this.end();
    else if (this.#stalledSince !== undefined && now - this.#stalledSince > STALLED_MS) this.cut();
  }

  end(): void {
    if (!this.ended) this.#res.end();
  }

  cut(): void {
    this.#res.destroy();
  }
}
