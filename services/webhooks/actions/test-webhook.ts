import { conflict, rateLimited } from "../../../platform/errors.ts";
import { kept, once } from "../../../platform/idempotency.ts";
import { newId } from "../../../platform/ids.ts";
import type { ActionHandler } from "../../../platform/service.ts";
import type { DeliveryWithAttempts } from "../contract.ts";
import { recordTest, type SentTest } from "../delivery-repository.ts";
import type { Endpoint, Payload } from "../endpoint.ts";
import { isWell } from "../sending/caller.ts";
import { signedHeaders } from "../sending/sign.ts";
import { deliveryView } from "../shared/delivery-view.ts";
import { sealResponse } from "../shared/kept-response.ts";
import { ownEndpoint } from "../shared/own-endpoint.ts";
import type { WebhooksService } from "../shared/webhooks-service.ts";

/** A test waits for a stranger, and somebody for the test. */
const MOST_OF_TENANT = 4;
const PATIENCE_MS = 6_000;
const TYPE = "webhooks.test.v1";

/**
 * Sends an event that says nothing at once, outside of the queue, and keeps it with its answer in the history. Throws
 * NOT_FOUND, CONFLICT for an endpoint that is disabled, and RATE_LIMITED when too many tests of the tenant's wait.
 */
export const testWebhook: ActionHandler<"webhooks.test", WebhooksService> = async function (ctx) {
  const endpoint = await ownEndpoint(this, ctx, ctx.params.id);
  const before = await kept<DeliveryWithAttempts>(ctx);
  if (before) return before;
  if (!endpoint.enabled) throw conflict({ detail: "The endpoint is disabled, so that nothing is sent to it." });
  const test = await inTurn(this, endpoint.tenant, () => send(this, endpoint));
  return once(ctx, async (tx) => {
    await recordTest(tx, test);
    return deliveryView(this, tx, endpoint, test.id);
  });
};

async function send({ caller, clock, sealing }: WebhooksService, endpoint: Endpoint): Promise<SentTest> {
  const [id, eventId, at] = [newId(), newId(), clock.now()];
  const { tenant, secrets } = endpoint;
  const body = JSON.stringify({ type: TYPE, timestamp: at, data: { id: eventId, type: TYPE } } satisfies Payload);
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const reply = await caller.post(secrets.url, signedHeaders(secrets, id, body, at), body, patience);
  const error = reply.error === "STOPPED" ? "TIMED_OUT" : reply.error;
  const response = sealResponse(sealing, { tenant, deliveryId: id, number: 1 }, reply);
  return {
    ...{ id, endpointId: endpoint.id, tenant, eventId, type: TYPE, body, at },
    state: isWell(reply) ? "DELIVERED" : "FAILED",
    ...{ durationMs: reply.durationMs, status: reply.status, error, response },
  };
}

async function inTurn<T>({ tests }: WebhooksService, tenant: string, work: () => Promise<T>): Promise<T> {
  const running = tests.get(tenant) ?? 0;
  if (running >= MOST_OF_TENANT) throw rateLimited({ detail: "Other tests are under way.", retryAfter: 5 });
  tests.set(tenant, running + 1);
  try {
    return await work();
  } finally {
    const left = (tests.get(tenant) ?? 1) - 1;
    if (left > 0) tests.set(tenant, left);
    else tests.delete(tenant);
  }
}
