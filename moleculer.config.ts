import Channels from "@moleculer/channels";
import type { BrokerOptions } from "moleculer";
import { EmbeddedAdapter } from "./platform/channels/embedded-adapter.ts";
import { type Config, readConfig } from "./platform/config.ts";
import { loggerOptions } from "./platform/logger.ts";
import { scopes } from "./platform/middlewares/scopes.ts";
import { ContractValidator } from "./platform/middlewares/validation.ts";

/**
 * The broker of one node, by its settings. The profile is here and nowhere else.
 *
 * @param adapter what carries the durable channels
 */
export function brokerOptions(config: Config, adapter: object = embeddedAdapter(config)): BrokerOptions {
  return {
    logger: loggerOptions(config),
    validator: new ContractValidator({}) as never,
    middlewares: [Channels.Middleware({ adapter } as never) as never, scopes],
    // A caller never waits without end; the slowest calls are sets that ask a payment provider.
    requestTimeout: 30_000,
    // Completes the calls in hand before a service stops.
    tracking: { enabled: true, shutdownTimeout: 10_000 },
    circuitBreaker: {
      enabled: true,
      threshold: 0.5,
      minRequestCount: 20,
      windowTime: 30,
      halfOpenTime: 5_000,
      // A refusal (4xx) is an answer; only a broken or absent service opens the breaker.
      check: (error: Error) => ((error as { code?: unknown }).code as number) >= 500,
    },
    // Who started the broker stops it: there is more to stop than the broker, and in an order.
    skipProcessEventRegistration: true,
    metrics: false,
    internalServices: false,
    waybill: config,
  } as BrokerOptions;
}

function embeddedAdapter(config: Config): EmbeddedAdapter {
  return new EmbeddedAdapter({ pollMs: config.pollMs, retryMs: [50, 5_000] });
}

/** For `moleculer-runner --config moleculer.config.ts`. */
export default process.argv[1]?.includes("moleculer-runner") ? brokerOptions(readConfig(process.env)) : {};
