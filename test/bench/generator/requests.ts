/** A request that is ready to be sent. */
export interface Request {
  readonly bytes: Buffer;
  /** Under which its time is counted, beside the whole. */
  readonly kind: string;
  /** Told its answer, by what needs the answers' bodies to go on. */
  answered?(status: number, body: Buffer): void;
}

/** Makes the next request. Its bytes stay as they are until 4,096 further ones are made. */
export type NextRequest = () => Request;

/** What a module of `requests/` exports: makes its source of requests for a server. */
export type MakeRequests<O> = (target: { readonly url: string; readonly token?: string }, options: O) => NextRequest;

/** The bytes of a request. */
export function requestBytes(
  { url, token }: { readonly url: string; readonly token?: string },
  [method, path]: readonly [method: string, path: string],
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Buffer {
  const all: Record<string, string> = {
    Host: new URL(url).host,
    ...(token && { Authorization: `Bearer ${token}` }),
    ...headers,
    ...(body !== undefined && {
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
    }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
}
