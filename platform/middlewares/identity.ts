import type { ActionSchema, Context, Middleware, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { unauthorised, unavailable } from "../errors.ts";
import type { PublicKey } from "../identity/key-set.ts";
import { platformIdentity } from "../identity/platform-names.ts";
import type { RevocationPage, RevocationPlace, TokenVerifier } from "../identity/token-verifier.ts";
import type { Logger } from "../logger.ts";
import type { Ctx, Identity } from "../service.ts";
import { Timer } from "../timer.ts";
import { refusalOf } from "./scopes.ts";

/** How often it is asked what was revoked, in ms: what was told to nobody is known everywhere within a second. */
const EVERY_MS = 500;
/** How soon again as long as nothing is known, in ms. */
const AT_FIRST_MS = 100;
/** How long the answer may take, in ms. */
const ANSWER_MS = 3_000;

/** Whom a node asks for what its verifier needs. */
export interface IdentityNames {
  /** The action that gives the public keys. */
  readonly keys: string;
  /** The action that gives what was revoked since a place. */
  readonly revocations: string;
  /** The event that tells of it. */
  readonly revoked: string;
}

type Handler = (ctx: Context) => Promise<unknown>;

/**
 * Says who a call is from, and whether they may make it, where it runs. A call that was made in this process brings its
 * caller's identity, by reference. One that came over the bus is believed nothing: its identity is that of the token which
 * travels with it, or, without a token, the platform's own as far as the sender's account allows it.
 *
 * @param areAccountsKnown whether NATS knows who sends what
 */
export function identity(verifier: TokenVerifier, names: IdentityNames, areAccountsKnown: boolean): Middleware {
  let timer: Timer | undefined;
  const said = { isUnknown: false };

  function aroundAction(this: ServiceBroker, next: Handler, action: ActionSchema): Handler {
    const refusal = refusalOf(action, verifier);
    const run: Handler = (ctx) => {
      const problem = refusal?.((ctx as unknown as Ctx).meta.identity);
      if (problem === undefined) return next(ctx);
      if (!(problem instanceof Promise)) return Promise.reject(problem);
      return problem.then((found) => (found ? Promise.reject(found) : next(ctx)));
    };
    const as = (ctx: Context, found: Identity | undefined) => {
      const { meta } = ctx as unknown as Ctx;
      if (found) meta.identity = found;
      else delete meta.identity;
      return run(ctx);
    };
    return (ctx) => {
      if (ctx.nodeID === this.nodeID) return run(ctx);
      const { token, identity: claimed } = (ctx as unknown as Ctx).meta;
      if (token === undefined) return as(ctx, platformIdentity(String(ctx.nodeID), claimed, areAccountsKnown));
      const found = typeof token === "string" ? verifier.identify(token) : undefined;
      const checked = (who: Identity | undefined) => (who ? as(ctx, who) : Promise.reject(notValid()));
      return found instanceof Promise ? found.then(checked) : checked(found);
    };
  }

  function aroundEvent(this: ServiceBroker, next: Handler): Handler {
    return (ctx) => {
      if (ctx.nodeID !== this.nodeID) ctx.meta = {};
      return next(ctx);
    };
  }

  return {
    name: "identity",
    created(broker) {
      verifier.readFrom({
        keys: async () =>
          (await broker.call<{ keys: PublicKey[] }, object>(names.keys, {}, { timeout: ANSWER_MS })).keys,
        revocations: async (after) => {
          // Moleculer says in the log of every call that there is nobody to be called.
          if (!broker.registry.actions.isAvailable(names.revocations)) throw unavailable();
          const params = after ? { after } : {};
          return broker.call<RevocationPage, { after?: RevocationPlace }>(names.revocations, params, {
            timeout: ANSWER_MS,
          });
        },
      });
      const run = () => look(broker, verifier, said);
      timer = new Timer({
        name: "revoked tokens",
        everyMs: EVERY_MS,
        run,
        logger: broker.getLogger("identity") as never,
      });
      // Only now, around Moleculer's own: its cache is asked for the tenant of the identity.
      broker.middlewares.add({
        name: "identity",
        localAction: aroundAction as never,
        localEvent: aroundEvent as never,
      });
    },
    /** Every service of a node hears what is told of revoked tokens; the verifier is the node's. */
    serviceCreating(_service: Service, schema: ServiceSchema) {
      schema.events = {
        ...schema.events,
        [names.revoked]: ({ params }: Context<{ jti: string; exp: number }>) =>
          verifier.revoke({ id: params.jti, exp: params.exp }),
      };
    },
    async started(broker: ServiceBroker) {
      // A node that runs nothing is asked nothing.
      if (broker.services.length > 0) timer?.start();
    },
    async stopping() {
      await timer?.stop();
    },
  } as Middleware;
}

/**
 * Reads what was revoked. A failure is no more than late; how late is for the verifier to say, and once for the log.
 *
 * @returns how soon to look again, in ms, when that is sooner than always
 */
async function look(
  broker: ServiceBroker,
  verifier: TokenVerifier,
  said: { isUnknown: boolean },
): Promise<number | undefined> {
  const logger = broker.getLogger("identity") as unknown as Logger;
  let problem: unknown;
  await verifier.read().catch((error: unknown) => {
    problem = error;
  });
  if (verifier.isReady && verifier.isFresh === said.isUnknown) {
    said.isUnknown = !verifier.isFresh;
    if (said.isUnknown) logger.warn({ err: problem }, "it is not known which tokens are revoked");
    else logger.info({}, "it is known again which tokens are revoked");
  }
  return verifier.isReady ? undefined : AT_FIRST_MS;
}

function notValid() {
  return unauthorised({ detail: "The access token is not valid." });
}
