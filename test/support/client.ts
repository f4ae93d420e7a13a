import { request } from "node:http";

/** After this nobody waits any longer: a request that hangs is a failure that says so. */
const PATIENCE_MS = 30_000;

/** An answer, with its body as text and, where it is JSON, as a value. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface Send {
  readonly body?: unknown;
  /** The body's bytes as they are, instead of `body` as JSON. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
}

/** A REST client as a shop would write it, on Node's own HTTP so that every header and byte is ours. */
export class Client {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  /** The same, as an OAuth2 client of the fixtures. */
  async as(clientId: string, secret = "demo-secret"): Promise<Client> {
    const raw = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: secret,
    }).toString();
    const answer = await this.send("POST", "/api/v1/auth/token", {
      raw,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    if (answer.status !== 200) throw new Error(`no token for ${clientId}: ${answer.status} ${answer.text}`);
    return new Client(this.url, answer.body.access_token);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("GET", path, { headers });
  }

  post(path: string, body?: unknown, key?: string): Promise<Answer> {
    return this.send("POST", path, { body, ...(key !== undefined && { key }) });
  }

  put(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("PUT", path, { body, headers });
  }

  /** Sends one request. `path` is whole: `/api/v1/orders`. */
  send(method: string, path: string, { body, raw, headers = {}, key }: Send = {}): Promise<Answer> {
    const base = new URL(this.url);
    const bytes = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: base.hostname,
          port: base.port,
          method,
          path,
          headers: {
            ...(this.token && { authorization: `Bearer ${this.token}` }),
            ...(bytes !== undefined && {
              "content-type": "application/json",
              "content-length": String(Buffer.byteLength(bytes)),
            }),
            ...(key !== undefined && { "idempotency-key": key }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const json = /json/.test(String(response.headers["content-type"])) && text !== "";
            resolve({
              status: response.statusCode as number,
              headers: response.headers,
              text,
              body: json ? JSON.parse(text) : undefined,
            });
          });
        },
      );
      sent.setTimeout(PATIENCE_MS, () =>
        sent.destroy(new Error(`${method} ${path.slice(0, 200)}: no answer in ${PATIENCE_MS} ms`)),
      );
      sent.on("error", reject);
      sent.end(bytes);
    });
  }
}

/** A valid order of one piece, unless said otherwise. */
export function orderBody(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    items: [{ sku: "SKU-COFFEE-1KG", quantity: 1 }],
    shippingAddress: {
      name: "Ada Lovelace",
      line1: "12 Harbour St",
      city: "Hamburg",
      postalCode: "20095",
      country: "DE",
    },
    paymentToken: "pm_card_visa",
    ...overrides,
  };
}
