import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { bodyTooLarge, type ErrorKind, malformedRequest } from "../../../platform/errors.ts";
import { newId } from "../../../platform/ids.ts";
import { headersTooLarge, requestTimedOut } from "../contract.ts";
import { answerTo, problemBody } from "./problem.ts";
import type { Headers } from "./respond.ts";

/** Node's own would let somebody who sends a byte now and then sit for minutes. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  // Longer than the minute of most load balancers, which else send requests to connections that have just closed.
  keepAliveTimeout: 65_000,
  // Its own answer would be no problem; the gateway asks for the header itself.
  requireHostHeader: false,
};

/** The most connections: 20,000 live feeds, and others. Those above are closed at once, unheard. */
const MOST_CONNECTIONS = 25_000;

/** The HTTP server of the gateway: with limits, and with a problem even for what is no HTTP. */
export function createHttpServer(
  handle: (req: IncomingMessage, res: ServerResponse) => void,
  ofAll: Headers,
  mostConnections = MOST_CONNECTIONS,
): Server {
  const server = createServer(LIMITS, handle);
  server.maxConnections = mostConnections;
  // Node would answer 417 with nothing; nobody has to understand an expectation.
  server.on("checkExpectation", handle);
  server.on("clientError", (error, socket) => answerBrokenRequest(error, socket, ofAll));
  return server;
}

const KINDS: Readonly<Record<string, ErrorKind>> = {
  ERR_HTTP_REQUEST_TIMEOUT: requestTimedOut,
  HPE_HEADER_OVERFLOW: headersTooLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: bodyTooLarge,
};

/** Answers what never became a request, on the bare socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, ofAll: Headers): void {
  const begun = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (!socket.writable || error.code === "ECONNRESET" || begun) {
    socket.destroy();
    return;
  }
  const answer = answerTo((KINDS[error.code ?? ""] ?? malformedRequest)());
  const requestId = newId();
  const body = problemBody(answer, requestId);
  const headers = {
    ...ofAll,
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "X-Request-Id": requestId,
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join("")}\r\n${body}`);
}

/** Listens. Rejects when it cannot, with words that say what to do. */
export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const taken =
        error.code === "EADDRINUSE" ? `Port ${port} of ${host} is taken: set PORT to another one.` : undefined;
      reject(taken === undefined ? error : Object.assign(new Error(taken, { cause: error }), { code: error.code }));
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve();
    });
  });
}
