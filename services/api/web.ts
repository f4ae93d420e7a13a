import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";

/** A route that moleculer-web found for a request. */
export interface Found {
  readonly alias: unknown;
  readonly params: Record<string, string>;
}

/** What of moleculer-web's service the gateway builds on. */
export interface WebService {
  server: Server;
  readonly aliases: readonly { readonly method: string; readonly fullPath: string }[];
  addRoute(options: object): unknown;
  /** Handles a request of the bare server. */
  httpHandler(req: IncomingMessage, res: ServerResponse): Promise<void>;
}

const { actions, methods } = ApiGateway as unknown as {
  actions: Record<string, object>;
  methods: { httpHandler: (this: unknown, req: IncomingMessage, res: ServerResponse) => Promise<void> };
};

/** moleculer-web's own handling of a request: it makes the context, finds the alias and runs its handler. */
export const handleByWeb = methods.httpHandler;

/**
 * moleculer-web without what it would publish of itself (its actions list and add routes for whoever asks), without
 * its routes by name, which would serve every published action, and without its start, which ends the process when
 * the port is taken.
 */
export const web = {
  ...(ApiGateway as unknown as ServiceSchema),
  // A request is no call of its own: it lasts as long as its client, and the gateway counts requests itself.
  actions: { rest: { ...actions.rest, bulkhead: { enabled: false }, circuitBreaker: { enabled: false } } },
  events: {},
  started: undefined,
  stopped: undefined,
  settings: {
    // None from the settings: moleculer-web would put a route there that serves everything.
    routes: null,
    logRequest: null,
    logRequestParams: null,
    logResponse: null,
    logRouteRegistration: null,
    // The drain at the stop counts requests itself, and live feeds would hold up Moleculer's for its whole time.
    rootCallOptions: { tracking: false },
  },
} as unknown as ServiceSchema;
