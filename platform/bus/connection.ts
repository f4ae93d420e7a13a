import type { ConnectionOptions } from "nats";
import type { ClusterConfig } from "../config.ts";
import { newId } from "../ids.ts";

/** Prefix of all of Waybill's own subjects that are not Moleculer's. */
export const LOG_SUBJECT = "waybill.log";

/** Moleculer's namespace: its subjects begin with `MOL-waybill.`. */
export const NAMESPACE = "waybill";

/**
 * How every connection to NATS is made: it is never given up, and a server that is silent for ten seconds is left.
 * NATS's own defaults notice a dead peer after four minutes and stop trying after 24 seconds. Answers come back to
 * an inbox of the account's own, which no other account may listen to.
 *
 * @param name what NATS shows it as
 */
export function connectionOptions(nats: ClusterConfig["nats"], name: string): ConnectionOptions {
  const { servers, user, password, tls } = nats;
  return {
    servers: [...servers],
    name,
    // Asked for, it is insisted on: a server that offers none is not talked to. Its certificate must be of a known CA.
    ...(tls && { tls: {} }),
    ...(user !== undefined && { user, pass: password ?? "", inboxPrefix: inboxPrefix(user) }),
    maxReconnectAttempts: -1,
    // A server that is overloaded, or does not know its users yet, may refuse a node twice.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 200,
    reconnectJitter: 200,
    pingInterval: 3_000,
    maxPingOut: 3,
    timeout: 5_000,
    // A stack for every request, in case it fails, costs more than the request.
    noAsyncTraces: true,
  };
}

/** Below which an account's answers arrive. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

/** A subject of one's own below it, for answers. NATS's client is only loaded where there is a bus, so this is made here. */
export function newInbox(user: string | undefined): string {
  return `${user === undefined ? "_INBOX" : inboxPrefix(user)}.${newId()}`;
}
