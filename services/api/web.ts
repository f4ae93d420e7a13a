import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ServiceSchema } from "moleculer";
import ApiGateway from "moleculer-web";

/** One of moleculer-web's aliases: a method and a path, and what is run for them. */
export interface Alias<Req extends IncomingMessage> {
  readonly method: string;
  readonly fullPath: string;
  readonly handler: (req: Req, res: ServerResponse) => void;
}

/** What of moleculer-web's service the gateway builds on. */
export interface WebService<Req extends IncomingMessage = IncomingMessage> {
  server: Server;
  readonly aliases: readonly Alias<Req>[];
  addRoute(options: object): unknown;
}

/**
 * moleculer-web without what it would publish of itself (its actions list and add routes for whoever asks), without
 * its routes by name, which would serve every published action, and without its start, which ends the process when
 * the port is taken.
 */
export const web = {
  ...(ApiGateway as unknown as ServiceSchema),
  actions: {},
  events: {},
  started: undefined,
  stopped: undefined,
  settings: {
    // None from the settings: moleculer-web would put a route there that serves everything.
    routes: null,
    logRouteRegistration: null,
  },
} as unknown as ServiceSchema;
