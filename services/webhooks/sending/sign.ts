import { Webhook as Signer } from "standardwebhooks";
import type { Instant } from "../../../platform/clock.ts";
import type { EndpointSecrets } from "../endpoint.ts";

/**
 * The headers of a call by the [specification](https://www.standardwebhooks.com): while two secrets are good there are
 * two signatures, and the receiver needs one of them.
 */
export function signedHeaders(
  secrets: EndpointSecrets,
  id: string,
  body: string,
  now: Instant,
): Record<string, string> {
  const at = new Date(now);
  const { secret, previous } = secrets;
  const good = previous && previous.until > now ? [secret, previous.secret] : [secret];
  return {
    "content-type": "application/json",
    "user-agent": "Waybill-Webhooks",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": good.map((one) => new Signer(one).sign(id, at, body)).join(" "),
  };
}
