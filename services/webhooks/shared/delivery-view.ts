import type { Queries } from "../../../platform/database.ts";
import { notFound } from "../../../platform/errors.ts";
import type { DeliveryWithAttempts } from "../contract.ts";
import { attemptsOf, findDelivery } from "../delivery-repository.ts";
import type { Endpoint } from "../endpoint.ts";
import { signedHeaders } from "../sending/sign.ts";
import { attemptView } from "./kept-response.ts";
import type { WebhooksService } from "./webhooks-service.ts";

/** So many calls are shown at most: replays add to them without end. */
const MOST_CALLS = 50;

/** A delivery with what is sent, and every answer. Throws NOT_FOUND. */
export async function deliveryView(
  { sealing, clock }: WebhooksService,
  queries: Queries,
  endpoint: Endpoint,
  deliveryId: string,
): Promise<DeliveryWithAttempts> {
  const { tenant, secrets } = endpoint;
  const found = await findDelivery(queries, endpoint.id, deliveryId);
  if (!found) throw notFound();
  const rows = await attemptsOf(queries, deliveryId, MOST_CALLS);
  // A signature belongs to a moment, and whoever has it can send what it is of.
  const { "webhook-signature": _, ...headers } = signedHeaders(
    secrets,
    found.delivery.id,
    found.body,
    rows.at(-1)?.at ?? clock.now(),
  );
  return {
    ...found.delivery,
    request: { url: secrets.url, headers, body: found.body },
    calls: rows.map((row) => attemptView(sealing, tenant, deliveryId, row)),
  };
}
