import { after, type Instant } from "../../../platform/clock.ts";
import { coalesce } from "../../../platform/coalesce.ts";
import { newId } from "../../../platform/ids.ts";
import { retryAfterMs } from "../../../platform/retry-after.ts";
import { openSecrets } from "../endpoint-repository.ts";
import { sealResponse } from "../shared/kept-response.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";
import { isWell, type Reply } from "./caller.ts";
import { type Claimed, claimDeliveries, type Outcome, releaseDelivery } from "./queue-repository.ts";
import { recordOutcomes } from "./record-outcomes.ts";
import { nextAttempt, type Schedule } from "./schedule.ts";
import { signedHeaders } from "./sign.ts";

/** Twice as long as a call may take: after it another node may send what this one has in hand. */
const CLAIM_MS = 30_000;
/** How many calls an endpoint gets at a time from one node: others never wait for it. */
const PER_ENDPOINT = 8;
/** With more than this in hand a node takes one of each endpoint at a time, so that none has to wait for the others. */
const MANY = 1_024;
const SET = 256;
/** For how long calls may go on when the node stops. Platforms give a node some ten seconds. */
const STOP_MS = 3_000;

/** Sends what is due: takes it in hand, calls, and writes down what came of it. Nothing is lost with a node. */
export class Dispatcher {
  readonly #service: WebhooksService;
  readonly #schedule: Schedule;
  readonly #inHand = new Map<string, number>();
  readonly #calls = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #record: (outcome: Outcome) => Promise<void>;

  constructor(service: WebhooksService, schedule: Schedule) {
    this.#service = service;
    this.#schedule = schedule;
    this.#record = coalesce((outcomes: readonly Outcome[]) => recordOutcomes(service, schedule, outcomes), {
      max: SET,
      mostWaiting: Number.POSITIVE_INFINITY,
    });
  }

  /** Takes what is due and begins to send it. What was taken before may still be under way. */
  async dispatch(): Promise<undefined> {
    const { clock, database } = this.#service;
    const now = clock.now();
    const terms = {
      claim: newId(),
      until: after(now, CLAIM_MS),
      perEndpoint: this.#calls.size > MANY ? 1 : PER_ENDPOINT,
      inHand: [...this.#inHand].map(([id, count]) => ({ id, count })),
    };
    for (const delivery of await claimDeliveries(database.acrossTenants, terms, this.#schedule, now)) {
      const call: Promise<void> = this.#send(delivery).finally(() => this.#calls.delete(call));
      this.#calls.add(call);
    }
  }

  /** Lets calls end for a moment, and gives back what is not sent then. The timer has to have ended. */
  async stop(): Promise<void> {
    const patience = setTimeout(() => this.#stopping.abort(), STOP_MS);
    await Promise.all(this.#calls);
    clearTimeout(patience);
  }

  async #send(delivery: Claimed): Promise<void> {
    const { endpointId: id } = delivery;
    this.#inHand.set(id, (this.#inHand.get(id) ?? 0) + 1);
    try {
      await this.#attempt(delivery);
    } catch (error) {
      // It is somebody's again when its time here is over.
      this.#service.logger.warn({ err: error, delivery: delivery.id }, "what came of a webhook could not be kept");
    } finally {
      const left = (this.#inHand.get(id) ?? 1) - 1;
      if (left > 0) this.#inHand.set(id, left);
      else this.#inHand.delete(id);
      this.#service.sending.wake();
    }
  }

  async #attempt(delivery: Claimed): Promise<void> {
    const { caller, clock, database, sealing } = this.#service;
    const { id, endpointId, tenant, body } = delivery;
    const at = clock.now();
    const secrets = openSecrets(sealing, { id: endpointId, tenant }, delivery.sealed);
    const reply = await caller.post(secrets.url, signedHeaders(secrets, id, body, at), body, this.#stopping.signal);
    // Nobody's fault, and nothing is known.
    if (reply.error === "STOPPED") return releaseDelivery(database.acrossTenants, delivery);
    const response = sealResponse(sealing, { tenant, deliveryId: id, number: delivery.attempts + 1 }, reply);
    await this.#record({
      ...{ id, endpointId, claim: delivery.claim, at },
      ...this.#next(delivery, reply),
      ...{ durationMs: reply.durationMs, status: reply.status, error: reply.error },
      response: response?.toString("base64"),
    });
  }

  #next({ failingSince }: Claimed, reply: Reply): Pick<Outcome, "state" | "dueAt" | "restsUntil"> {
    if (isWell(reply)) return { state: "DELIVERED", dueAt: undefined, restsUntil: undefined };
    const now = this.#service.clock.now();
    const restsUntil = this.#restsUntil(reply, now);
    const planned = nextAttempt(this.#schedule, failingSince ?? undefined, now, Math.random());
    if (planned === undefined || isGone(reply)) return { state: "FAILED", dueAt: undefined, restsUntil };
    const dueAt = restsUntil !== undefined && restsUntil > planned ? restsUntil : planned;
    return { state: "PENDING", dueAt, restsUntil };
  }

  #restsUntil({ status, retryAfter }: Reply, now: Instant): Instant | undefined {
    const wantedMs = status === 429 || status === 503 ? retryAfterMs(retryAfter, now) : undefined;
    return wantedMs === undefined ? undefined : after(now, Math.min(wantedMs, this.#schedule.longestRestMs));
  }
}

function isGone({ status }: Reply): boolean {
  return status === 410;
}
