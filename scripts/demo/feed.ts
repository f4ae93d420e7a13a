import { DemoFailure } from "./story.ts";

/** An event of an order, as the live feed's `data` has it. */
export interface FeedEvent {
  readonly id: string;
  readonly type: string;
  readonly orderId: string;
  readonly number: string;
  readonly version: number;
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The live feed of all orders that a token may see, from now on. */
export class Feed {
  readonly #closing = new AbortController();
  readonly #received: FeedEvent[] = [];
  #changed: () => void = () => {};
  #over: DemoFailure | undefined;

  /** Opens the feed; resolves when its headers are there, and it misses nothing from then on. */
  static async open(
    url: string,
    token: string,
    onEvent: (event: FeedEvent) => void,
  ): Promise<{ feed: Feed; response: Response }> {
    const feed = new Feed();
    const response = await fetch(`${url}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      signal: feed.#closing.signal,
    });
    if (response.ok && response.body) void feed.#read(response.body, onEvent);
    return { feed, response };
  }

  /** The events of an order that have come so far. */
  of(order: string): FeedEvent[] {
    return this.#received.filter((event) => event.orderId === order);
  }

  /** Waits for an event of an order; throws a sentence when it does not come in time. */
  async wait(order: string, type: string, milliseconds: number, signal: AbortSignal): Promise<FeedEvent> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = this.of(order).find((event) => event.type === type);
      if (found) return found;
      signal.throwIfAborted();
      if (this.#over) throw this.#over;
      const left = end - Date.now();
      if (left <= 0) {
        const last = this.of(order).at(-1)?.type ?? "none";
        throw new DemoFailure(
          `${type} of the order ${order} was to come within ${Math.round(milliseconds / 1_000)} s; the last event was ${last}.`,
        );
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, left);
        signal.addEventListener("abort", done, { once: true });
        this.#changed = done;
      });
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #read(body: ReadableStream<Uint8Array>, onEvent: (event: FeedEvent) => void): Promise<void> {
    let why = "the server closed it";
    try {
      for await (const data of dataOf(body)) {
        const event = JSON.parse(data) as FeedEvent;
        this.#received.push(event);
        onEvent(event);
        this.#changed();
      }
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    this.#over = new DemoFailure(`The live feed was to stay open, but it has ended: ${why}.`);
    this.#changed();
  }
}

/** The data of the events of a stream of Server-Sent Events. Comments and the other fields are passed over. */
async function* dataOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  let data: string[] = [];
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.map((one) => one.replace(/\r$/, ""))) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      if (line !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
