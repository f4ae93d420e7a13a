import Channels from "@moleculer/channels";
import type { BrokerOptions } from "moleculer";
import { NAMESPACE } from "./platform/bus/connection.ts";
import { BusTransporter } from "./platform/bus/transporter.ts";
import { MemoryCache } from "./platform/cache/memory-cache.ts";
import { RedisCache } from "./platform/cache/redis-cache.ts";
import { forgetting } from "./platform/cache/tenant-cache.ts";
import { EmbeddedAdapter } from "./platform/channels/embedded-adapter.ts";
import { JetStreamAdapter } from "./platform/channels/jetstream-adapter.ts";
import { type Config, readConfig } from "./platform/config.ts";
import { ErrorRegenerator } from "./platform/error-regenerator.ts";
import { isBroken } from "./platform/errors.ts";
import { TokenVerifier } from "./platform/identity/token-verifier.ts";
import { loggerOptions } from "./platform/logger.ts";
import { audit } from "./platform/middlewares/audit.ts";
import { busAway } from "./platform/middlewares/bus-away.ts";
import { deadlines } from "./platform/middlewares/deadlines.ts";
import { type IdentityNames, identity } from "./platform/middlewares/identity.ts";
import { retries } from "./platform/middlewares/retries.ts";
import { ContractValidator } from "./platform/middlewares/validation.ts";
import { RedisLink, redisLink } from "./platform/redis.ts";

/** Whom every node asks whose an access token is, and who tells it. */
const IDENTITY: IdentityNames = {
  keys: "auth.jwks",
  revocations: "auth.revocations",
  revoked: "auth.token_revoked",
};

/**
 * The broker of one node, by its settings. The profile is here and nowhere else.
 *
 * @param adapter what carries the durable channels
 */
export function brokerOptions(config: Config, adapter: object = channelAdapter(config)): BrokerOptions {
  const redis = config.cluster && new RedisLink(config.cluster.redisUrl);
  const verifier = new TokenVerifier(config.issuer);
  return {
    nodeID: config.nodeId,
    namespace: NAMESPACE,
    // CBOR is the fastest of Moleculer's serializers, and keeps dates, bytes and `undefined` what they are.
    ...(config.cluster && { transporter: new BusTransporter(config.cluster.nats), serializer: "CBOR" }),
    ...resilience(),
    logger: loggerOptions(config),
    validator: new ContractValidator({}) as never,
    errorRegenerator: new ErrorRegenerator(),
    cacher: redis ? new RedisCache(redis) : new MemoryCache(),
    // The first is the innermost. Moleculer's own come around these; `retries` and `identity` put themselves around all.
    middlewares: [
      Channels.Middleware({ adapter } as never) as never,
      ...(redis ? [redisLink(redis)] : []),
      audit({ act: "auth.recordAct", outcome: "auth.recordOutcome" }),
      deadlines,
      forgetting,
      busAway,
      retries(),
      identity(verifier, IDENTITY, config.cluster?.nats.user !== undefined),
    ],
    // Who started the broker stops it: there is more to stop than the broker, and in an order.
    skipProcessEventRegistration: true,
    metrics: false,
    // No `$node` actions: they would tell every caller what runs where, and with which settings.
    internalServices: false,
    waybill: config,
    redis,
    verifier,
  } as BrokerOptions;
}

/** How a node lives with others that are slow, broken or gone. What is not said here is Moleculer's default. */
function resilience(): BrokerOptions {
  return {
    // NATS tells of a node that is gone; one that is cut off or stands still is noticed by its silence.
    heartbeatInterval: 3,
    heartbeatTimeout: 10,
    // Others learn of a node's services a tenth of a second after it has them all, and not a second.
    transit: { serviceChangedDebounceTime: 100 } as never,
    // For the platform's own work, whose slowest calls are sets that ask a payment provider. A request brings its own
    // time (REQUEST_TIMEOUT_MS), and every call gets what the one before has left of it.
    requestTimeout: 30_000,
    // A node that stops first takes itself out of the others' lists, then lets its calls end: those that it made, and
    // those that it was asked for. Twice this has to be within the 12 s after which it is ended; a call that takes
    // longer is lost to its caller, who asks another node.
    tracking: { enabled: true, shutdownTimeout: 4_000 },
    circuitBreaker: {
      enabled: true,
      // Of an action on a node half of the calls of half a minute have failed, and it were twenty at least: it is left
      // alone for five seconds, and what needs it is answered 503 at once. Then one call tries.
      threshold: 0.5,
      minRequestCount: 20,
      windowTime: 30,
      halfOpenTime: 5_000,
      check: isBroken,
    },
    // Of each action on a node. At work: all that a gateway promises to take in at least, so that sets grow large.
    // Waiting: as much as two gateways at their limit. Beyond that the node is drowning, and says so at once.
    bulkhead: { enabled: true, concurrency: 256, maxQueueSize: 1_024 },
  };
}

function channelAdapter(config: Config): object {
  if (config.cluster) return new JetStreamAdapter(config.cluster, 3 * config.pollMs);
  return new EmbeddedAdapter({ pollMs: config.pollMs, retryMs: [50, 5_000] });
}

/** For `moleculer-runner --config moleculer.config.ts`. */
export default process.argv[1]?.includes("moleculer-runner") ? brokerOptions(readConfig(process.env)) : {};
