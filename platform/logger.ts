import type { BrokerOptions } from "moleculer";
import type { Config } from "./config.ts";

/** Structured logging in pino's order: the fields, then what happened. Moleculer's own loggers take the same. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Moleculer's pino logger: one JSON line an event, readable in a terminal. Errors are written by their kind,
 * message and place alone: whatever else hangs on them (a statement's parameters, a request) may be personal.
 */
export function loggerOptions(config: Config): BrokerOptions["logger"] {
  return {
    type: "Pino",
    options: {
      level: config.logLevel,
      pino: {
        options: {
          base: null,
          serializers: { err: errorFields },
          ...(config.logFormat === "pretty"
            ? {
                transport: {
                  target: "pino-pretty",
                  options: { ignore: "nodeID,ns,svc,mod,ver", translateTime: "HH:MM:ss.l" },
                },
              }
            : {}),
        },
      },
    },
  } as BrokerOptions["logger"];
}

function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: "not an error" };
  const { code, type } = error as { code?: unknown; type?: unknown };
  return { name: error.name, message: error.message, code, type, stack: error.stack };
}
