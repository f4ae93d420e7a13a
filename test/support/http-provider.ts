import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a provider was asked. */
export interface ProviderRequest {
  readonly key: string;
  readonly authorization: string;
  // biome-ignore lint/suspicious/noExplicitAny: what was sent
  readonly body: any;
}

/** A provider of short messages or push notifications on the loopback, which answers what it is told to. */
export class HttpProviderServer {
  readonly requests: ProviderRequest[] = [];
  /** What to answer. */
  answer: (request: ProviderRequest) => { status: number; retryAfter?: number } = () => ({
    status: 202,
  });
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const request = {
        key: String(req.headers["idempotency-key"]),
        authorization: String(req.headers.authorization),
        body: JSON.parse(Buffer.concat(chunks).toString("utf8")),
      };
      this.requests.push(request);
      const answer = this.answer(request);
      res.writeHead(answer.status, answer.retryAfter === undefined ? {} : { "Retry-After": String(answer.retryAfter) });
      res.end("{}");
    });
  }

  static async start(): Promise<HttpProviderServer> {
    const provider = new HttpProviderServer();
    provider.#server.listen(0, "127.0.0.1");
    await once(provider.#server, "listening");
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/messages`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
