import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { MediumName } from "../contract.ts";
import type { InHand, Unsent } from "../unsent.ts";
import type { Lane } from "./lane.ts";

/** The notifications service, as its handlers see it. */
export interface NotificationsService extends DomainService {
  /** The media that there are; one that is off has no lane. */
  readonly lanes: ReadonlyMap<MediumName, Lane>;
  /** What this node has recorded, and who makes messages of it; woken when there is something. */
  readonly unsent: Unsent<InHand>;
  readonly preparing: Timer;
  /** Takes in hand what is due: what has failed, what waited for others, what was left by a node that died. */
  readonly resending: Timer;
  /** Tells tenants what they are to know of themselves; woken when there is something. */
  readonly noticing: Timer;
  readonly expiry: Timer;
  /** Aborted when the service stops. */
  readonly stopping: AbortController;
  /** What links in mails begin with: the public URL of the API. */
  readonly publicUrl: string;
}
