import { channelUser, servicesOf } from "../../platform/bus/accounts.ts";
import { inboxPrefix, LOG_SUBJECT, NAMESPACE } from "../../platform/bus/connection.ts";
import { BROADCAST, listenTo, TARGETED } from "../../platform/bus/subjects.ts";
import { durableOf, streamOf, subjectOf } from "../../platform/channels/jetstream/messages.ts";
import { SERVICES, type ServiceName } from "../../platform/config.ts";
import { PARTITIONS } from "../../platform/ids.ts";
import { AUDITED, BROADCASTS, CALLS, LOGS, OF_EACH_AUDITED, OF_EACH_LOG, OF_EACH_NODE, READS } from "./bus-grants.ts";

/** What a user of NATS may publish and listen to; all else is refused. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

const MOLECULER = `MOL-${NAMESPACE}`;
/** Sent to one node by any other: who is there, and whether it still is. */
const TO_ANYONE = ["INFO", "DISCOVER", "PING", "PONG"];
const OPERATOR = "operator";

/**
 * What the nodes of an account may do on the bus that carries the calls.
 *
 * @param accounts all accounts that there are
 */
export function callPermissions(account: string, accounts: readonly string[]): Permissions {
  const mine = servicesOf(account);
  const running = (service: string) => accounts.filter((other) => servicesOf(other).includes(service));
  const to = (type: string, target: string, what = "") => `${MOLECULER}.${type}.${target}.*.${account}${what}`;
  const requests = callsOf(account).flatMap(({ service, action }) =>
    running(service).map((target) => to("REQ", target, `.${action}`)),
  );
  const callers = accounts.filter((other) => callsOf(other).some(({ service }) => mine.includes(service)));
  const events = BROADCASTS.filter(({ from }) => mine.includes(from)).flatMap((broadcast) =>
    broadcast.to.flatMap(running).map((target) => to("EVENT", target, `.${broadcast.event}`)),
  );
  const publish = [
    ...requests,
    ...callers.map((caller) => to("RES", caller)),
    ...events,
    ...TO_ANYONE.map((type) => to(type, "*")),
    ...BROADCAST.map((type) => `${MOLECULER}.${type}.${account}`),
  ];
  const subscribe = [
    ...TARGETED.map((type) => listenTo(MOLECULER, type, `${account}.*`)),
    ...BROADCAST.map((type) => listenTo(MOLECULER, type)),
    // Where NATS itself says that a node is gone. Nobody may publish there.
    `${inboxPrefix(account)}.>`,
  ];
  return { publish: [...new Set(publish)], subscribe };
}

/**
 * What the nodes of an account may do with one domain's channel, which is a NATS account of its own; undefined when
 * it is none of their business. Nobody may delete or purge a stream, nor delete another's consumer.
 */
export function channelPermissions(account: string, channel: string): Permissions | undefined {
  const services = servicesOf(account);
  const stream = streamOf(channel);
  const owner = services.includes(channel)
    ? [
        `${LOG_SUBJECT}.${channel}.*`,
        ...["STREAM.CREATE", "STREAM.UPDATE", "STREAM.INFO", "STREAM.MSG.GET"].map((api) => `$JS.API.${api}.${stream}`),
      ]
    : [];
  const reader = services
    .filter((service) => readBy(service).includes(channel))
    .flatMap((group) =>
      Array.from({ length: PARTITIONS }, (_, partition) => {
        const durable = durableOf(group, partition);
        return [
          // With its filter, which NATS holds against what is asked for: one partition of this channel and no other.
          `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${subjectOf(channel, partition)}`,
          // Made anew when it is mute; its cursor is not there but in the reader's database.
          `$JS.API.CONSUMER.DELETE.${stream}.${durable}`,
          `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
          `$JS.ACK.${stream}.${durable}.>`,
        ];
      }).flat(),
    );
  if (owner.length + reader.length === 0) return undefined;
  return { publish: [...owner, ...reader], subscribe: [`${inboxPrefix(channelUser(account, channel))}.>`] };
}

interface Call {
  readonly service: string;
  /** A name, or `>` for any. */
  readonly action: string;
}

function callsOf(account: string): Call[] {
  if (account === OPERATOR) return SERVICES.map((service) => ({ service, action: ">" }));
  const services = servicesOf(account) as readonly ServiceName[];
  const actions = services.flatMap((service) => [
    ...CALLS[service],
    ...OF_EACH_NODE,
    ...recordsOf(service),
    ...logsReadBy(service),
  ]);
  return actions.map((action) => ({ service: action.split(".", 1)[0] as string, action }));
}

function logsReadBy(service: ServiceName): string[] {
  const own = LOGS.filter((log) => log === service);
  return [...new Set([...own, ...readBy(service)])].flatMap((log) => OF_EACH_LOG.map((action) => `${log}.${action}`));
}

function recordsOf(service: ServiceName): readonly string[] {
  return AUDITED.some((audited) => audited === service) ? OF_EACH_AUDITED : [];
}

function readBy(service: string): readonly string[] {
  return (READS as Readonly<Record<string, readonly string[]>>)[service] ?? [];
}
