import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

/** One event of a live feed as it was received. */
export interface FedEvent {
  readonly cursor: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the data of every event
  readonly data: any;
}

/** An open live feed (Server-Sent Events), read strictly: whatever is not in the format fails. */
export class Feed {
  static readonly #all = new Set<Feed>();

  readonly events: FedEvent[] = [];
  readonly comments: string[] = [];
  status: number | undefined;
  headers: IncomingHttpHeaders = {};
  ended = false;
  #sent: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #problem: Error | undefined;

  /** Opens a feed and resolves once its headers are there. */
  static open(url: string, path: string, headers: Record<string, string> = {}): Promise<Feed> {
    const feed = new Feed();
    Feed.#all.add(feed);
    const base = new URL(url);
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: base.hostname, port: base.port, path, headers: { accept: "text/event-stream", ...headers } },
        (response) => {
          feed.status = response.statusCode;
          feed.headers = response.headers;
          feed.#response = response;
          let buffer = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            buffer += chunk;
            for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
              feed.#take(buffer.slice(0, end));
              buffer = buffer.slice(end + 2);
            }
          });
          const over = () => {
            feed.ended = true;
          };
          response.on("end", over).on("close", over).on("error", over);
          resolve(feed);
        },
      );
      sent.on("error", (error) => {
        feed.ended = true;
        reject(error);
      });
      sent.end();
      feed.#sent = sent;
    });
  }

  /** Closes what a test has left open, whatever became of it. */
  static closeAll(): void {
    const feeds = [...Feed.#all];
    Feed.#all.clear();
    for (const feed of feeds) feed.close();
  }

  /** The cursor of the last event, to resume from. */
  get cursor(): string | undefined {
    return this.events.at(-1)?.cursor;
  }

  /** Reads no more, and leaves the connection open. */
  stall(): void {
    this.#response?.pause();
  }

  /** Reads on after a stall. */
  readOn(): void {
    this.#response?.resume();
  }

  /** Cuts the connection, as a client that goes away does. */
  close(): void {
    this.#sent?.destroy();
    if (this.#problem) throw this.#problem;
  }

  #take(block: string): void {
    const fields: Record<string, string> = {};
    for (const line of block.split("\n")) {
      if (line.startsWith(":")) {
        this.comments.push(line.slice(1).trim());
        continue;
      }
      const colon = line.indexOf(": ");
      const name = line.slice(0, colon);
      if (colon < 0 || name in fields)
        this.#problem = new Error(`not in the format of a feed: ${JSON.stringify(block)}`);
      fields[name] = line.slice(colon + 2);
    }
    const { id, event, data } = fields;
    if (id === undefined && event === undefined && data === undefined) return;
    if (id === undefined || event === undefined || data === undefined) {
      this.#problem = new Error(`an event lacks a field: ${JSON.stringify(block)}`);
      return;
    }
    this.events.push({ cursor: id, type: event, data: JSON.parse(data) });
  }
}
