import { type LookupAddress, type LookupOptions, lookup as systemLookup } from "node:dns";
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { isIP } from "node:net";
import { isLoopback, isPublicAddress } from "./addresses.ts";
import { hostOf, isInsecure } from "./target.ts";

/** What came of a call. */
export interface Reply {
  /** The answer's; undefined when there was none. */
  readonly status: number | undefined;
  /** Why the call failed without a whole answer. */
  readonly error: CallError | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer's field `Retry-After`, as it came. */
  readonly retryAfter: string | undefined;
  /** The beginning of the body. */
  readonly body: string;
  readonly durationMs: number;
}

/** Why a call has failed without a whole answer. */
export type CallError =
  | "ADDRESS_REFUSED"
  | "NAME_NOT_FOUND"
  | "CONNECTION_FAILED"
  | "CONNECTION_LOST"
  | "TLS_FAILED"
  | "NOT_HTTP"
  | "TIMED_OUT"
  | "STOPPED";

/** Looks all addresses of a name up. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The limits of a call. */
export interface CallLimits {
  readonly connectMs: number;
  readonly totalMs: number;
  /** What is read of a body, and what of it is kept, in bytes. */
  readonly readBytes: number;
  readonly keptBytes: number;
}

export const CALL_LIMITS: CallLimits = { connectMs: 5_000, totalMs: 15_000, readBytes: 16_384, keptBytes: 1_024 };

/** So much of an answer's head is kept, in letters. */
const KEPT_HEAD = 2_048;

class CallFailed extends Error {
  readonly reason: CallError;

  constructor(reason: CallError) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Calls addresses that strangers have chosen. A name is looked up once, by the connection itself; if any of its addresses
 * is not public there is none, and what was judged is what is connected to. So a name that says something else the next
 * moment changes nothing. Every call is a connection of its own, redirects are answers, and time and sizes have limits.
 */
export class Caller {
  readonly #insecureHosts: readonly string[];
  readonly #lookup: Lookup;
  readonly #limits: CallLimits;

  /** @param insecureHosts hosts that may be on this machine, and without TLS */
  constructor(
    insecureHosts: readonly string[],
    { lookup = systemLookup as Lookup, limits = CALL_LIMITS }: { lookup?: Lookup; limits?: CallLimits } = {},
  ) {
    this.#insecureHosts = insecureHosts;
    this.#lookup = lookup;
    this.#limits = limits;
  }

  /** Posts a body, and never rejects. Aborted, the call ends as STOPPED. */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal?: AbortSignal,
  ): Promise<Reply> {
    const began = performance.now();
    const answer = await this.#post(new URL(url), headers, Buffer.from(body), signal);
    return { ...answer, durationMs: Math.round(performance.now() - began) };
  }

  async #post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Omit<Reply, "durationMs">> {
    const received: { response?: IncomingMessage; body: Buffer } = { body: Buffer.alloc(0) };
    let error: CallError | undefined;
    try {
      const mayBeHere = isInsecure(url, this.#insecureHosts);
      if (url.protocol !== "https:" && !mayBeHere) throw new CallFailed("ADDRESS_REFUSED");
      // What is an address already is not looked up.
      if (isIP(hostOf(url)) !== 0) assertAllowed([{ address: hostOf(url) }], mayBeHere);
      const request = (url.protocol === "https:" ? overHttps : overHttp)(url, {
        method: "POST",
        headers: { ...headers, "content-length": body.length },
        // None is kept, so that no call uses a connection whose address was judged for another one.
        agent: false,
        lookup: this.#judged(mayBeHere),
      });
      await this.#exchange(request, body, received, signal);
    } catch (caught) {
      error = reasonOf(caught);
    }
    const { response } = received;
    return {
      status: response?.statusCode,
      error,
      headers: response ? keptHead(response.headers) : {},
      retryAfter: response?.headers["retry-after"],
      body: received.body.subarray(0, this.#limits.keptBytes).toString("utf8"),
    };
  }

  #exchange(
    request: ClientRequest,
    body: Buffer,
    received: { response?: IncomingMessage; body: Buffer },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { connectMs, totalMs, readBytes } = this.#limits;
    return new Promise<void>((resolve, reject) => {
      const give = (reason: CallError) => {
        // First, because an answer that is cut off has another error of its own.
        reject(new CallFailed(reason));
        request.destroy();
      };
      const whole = setTimeout(give, totalMs, "TIMED_OUT");
      const connecting = setTimeout(give, connectMs, "TIMED_OUT");
      const stop = () => give("STOPPED");
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted) stop();
      request.on("socket", (socket) => {
        const isEncrypted = "encrypted" in socket;
        socket.once(isEncrypted ? "secureConnect" : "connect", () => clearTimeout(connecting));
      });
      request.on("error", reject);
      request.on("response", (response) => {
        received.response = response;
        response.on("data", (chunk: Buffer) => {
          received.body = Buffer.concat([received.body, chunk]);
          if (received.body.length < readBytes) return;
          // Its status says enough; nobody reads the rest.
          resolve();
          request.destroy();
        });
        response.on("end", resolve);
        response.on("error", reject);
      });
      request.on("close", () => {
        clearTimeout(whole);
        clearTimeout(connecting);
        signal?.removeEventListener("abort", stop);
        reject(new CallFailed("CONNECTION_LOST"));
      });
      request.end(body);
    });
  }

  #judged(mayBeHere: boolean) {
    return (
      hostname: string,
      options: LookupOptions,
      callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
    ): void => {
      this.#lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, []);
        try {
          assertAllowed(addresses, mayBeHere);
        } catch (refused) {
          return callback(refused as Error, []);
        }
        const [first] = addresses as [LookupAddress];
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    };
  }
}

function assertAllowed(addresses: readonly Pick<LookupAddress, "address">[], mayBeHere: boolean): void {
  const allowed = ({ address }: Pick<LookupAddress, "address">) =>
    isPublicAddress(address) || (mayBeHere && isLoopback(address));
  if (addresses.length === 0 || !addresses.every(allowed)) throw new CallFailed("ADDRESS_REFUSED");
}

function reasonOf(error: unknown): CallError {
  if (error instanceof CallFailed) return error.reason;
  const { code = "", syscall } = (error ?? {}) as { code?: string; syscall?: string };
  if (syscall === "getaddrinfo" || code === "ENOTFOUND" || code === "EAI_AGAIN") return "NAME_NOT_FOUND";
  if (/^(ERR_TLS|ERR_SSL|CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code)) return "TLS_FAILED";
  if (code.startsWith("HPE_")) return "NOT_HTTP";
  // Of a name with several addresses all have been tried.
  const wasTried = syscall === "connect" || (error as Error | undefined)?.name === "AggregateError";
  return wasTried ? "CONNECTION_FAILED" : "CONNECTION_LOST";
}

/** The head of an answer, cut to a bounded size; cookies are nobody's business. */
function keptHead(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  let left = KEPT_HEAD;
  for (const [name, value] of Object.entries(headers)) {
    if (name === "set-cookie") continue;
    const text = String(value);
    left -= name.length + text.length;
    if (left < 0) break;
    kept[name] = text;
  }
  return kept;
}

/** Whether the receiver has taken what was sent: a whole answer of the 200s. */
export function isWell({ status = 0, error }: Reply): boolean {
  return error === undefined && status >= 200 && status < 300;
}
