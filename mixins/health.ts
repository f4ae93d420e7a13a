import { Type } from "@sinclair/typebox";
import type { ServiceSchema } from "moleculer";
import type { DomainName } from "../platform/config.ts";
import { statement } from "../platform/database.ts";
import type { Figure } from "../platform/figure.ts";
import type { Relay } from "../platform/relay.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";
import type { Consumer } from "../platform/subscriptions/consumer.ts";
import { parkedFigures } from "../platform/subscriptions/parked-streams.ts";

/** How a domain is. Only the database decides whether it can work; the rest is for people to look at. */
export interface DomainHealth {
  readonly database: "up";
  /** Whether a node numbers the domain's events, how many wait for it, and for how long the oldest has. */
  readonly relay?: { readonly led: boolean; readonly waiting: number; readonly lagSeconds: number };
  readonly parkedStreams: { readonly retrying: number; readonly dead: number };
}

interface WithRelay extends DomainService {
  readonly relay?: Relay;
  readonly consumers?: ReadonlyMap<string, Consumer>;
}

// Counted no further than a number that says enough: a relay that stands still leaves millions.
const backlog = statement(
  "health.backlog",
  `select (select coalesce(sum(cardinality(positions)), 0) from (
       select positions from event_log_unnumbered limit 10000) capped)::int as waiting,
     coalesce((select greatest(0, extract(epoch from clock_timestamp() - l.at)) from event_log l
       where l.position = (select min(first) from event_log_unnumbered)), 0)::float8 as "lagSeconds",
     (select lease_until > clock_timestamp() from event_log_head) as led`,
);

/** A domain that is broken, or has too much to do, says so all the same; and as soon as it is well again. */
const ALWAYS = {
  visibility: "public",
  idempotent: true,
  circuitBreaker: { enabled: false },
  bulkhead: { enabled: false },
};

/**
 * Lets the gateway ask how a domain is, by `<domain>.health.check` and `<domain>.health.figures`.
 *
 * @param more figures of the domain's own: a few reads with an end, because a domain that is slow to answer counts as down
 */
export function health(
  domain: DomainName,
  more: (service: DomainService) => Promise<readonly Figure[]> = async () => [],
): ServiceSchema {
  return defineSchema<WithRelay>({
    name: domain,
    actions: {
      "health.check": {
        ...ALWAYS,
        params: Type.Object({}),
        handler(this: WithRelay): Promise<DomainHealth> {
          return look(this);
        },
      },
      "health.figures": {
        ...ALWAYS,
        params: Type.Object({}),
        async handler(this: WithRelay): Promise<Figure[]> {
          const [found, own] = await Promise.all([look(this), more(this)]);
          return [...figuresOf(found), ...refusals(this), ...own];
        },
      },
    } as unknown as ServiceSchema["actions"],
  });
}

async function look(service: WithRelay): Promise<DomainHealth> {
  const [parkedStreams, [waiting]] = await Promise.all([
    parkedFigures(service.database),
    service.database.acrossTenants.query<{ waiting: number; lagSeconds: number; led: boolean }>(backlog),
  ]);
  const relay = service.relay && waiting;
  return { database: "up", ...(relay && { relay }), parkedStreams };
}

function figuresOf({ relay, parkedStreams }: DomainHealth): Figure[] {
  const parked = (["retrying", "dead"] as const).map((state) => ({
    name: "waybill_parked_streams",
    help: "Streams that wait because an event of theirs has failed.",
    labels: { state },
    value: parkedStreams[state],
  }));
  if (!relay) return parked;
  return [
    ...parked,
    {
      name: "waybill_relay_led",
      help: "Whether a node numbers the domain's events.",
      value: Number(relay.led),
    },
    { name: "waybill_relay_waiting", help: "Committed events that have no sequence yet.", value: relay.waiting },
    { name: "waybill_relay_lag_seconds", help: "How long the oldest of them has waited.", value: relay.lagSeconds },
  ];
}

function refusals({ consumers }: WithRelay): Figure[] {
  return [...(consumers ?? [])].map(([channel, consumer]) => ({
    name: "waybill_subscription_refused_seconds",
    help: "For how long a subscription has been refusing its batches on the answering node; 0 when it takes them.",
    labels: { channel },
    value: consumer.refusedSeconds,
  }));
}
