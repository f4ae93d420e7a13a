import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** A call that a receiver was sent, as it came. */
export interface Received {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what is there
  readonly payload: any;
}

/** How a receiver answers a call; it has been kept in its journal before. */
export type Answering = (res: ServerResponse, received: Received, req: IncomingMessage) => void;

export const answer =
  (status: number, headers: Record<string, string> = {}, body = ""): Answering =>
  (res) =>
    res.writeHead(status, headers).end(body);
export const OK = answer(204);

/** A shop's endpoint on loopback: keeps everything that comes, and answers as it is told. */
export class Receiver {
  readonly #server: Server;
  /** All calls, in the order of their coming. */
  readonly journal: Received[] = [];
  answering: Answering = OK;

  private constructor() {
    this.#server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.on("error", () => {});
      req.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const received = { id: String(req.headers["webhook-id"]), headers: req.headers, body, payload: parsed(body) };
        this.journal.push(received);
        this.answering(res, received, req);
      });
    });
  }

  /** @param port a port that it had before; a free one without */
  static async start(host = "127.0.0.1", port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    await receiver.listen(host, port);
    return receiver;
  }

  /** Listens, for the first time or again, unless it does. */
  async listen(host = "127.0.0.1", port = this.port): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(port, host, () => {
        // Or each time that it listens again would leave one behind.
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  get port(): number {
    const address = this.#server.address() as AddressInfo | null;
    this.#port = address?.port ?? this.#port;
    return this.#port;
  }
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** What came first of each id: what a receiver has that drops repetitions. */
  get taken(): Received[] {
    return [...new Map(this.journal.toReversed().map((one) => [one.id, one])).values()].toReversed();
  }

  /** Refuses connections, and cuts those that are there. */
  async close(): Promise<void> {
    void this.port;
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Whether a call is signed by a secret, as the specification's own library sees it. */
export function isSignedBy(secret: string, { body, headers }: Received): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
