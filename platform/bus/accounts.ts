import type { ServiceName } from "../config.ts";

/** What takes orders on one node when there is no bus. */
const EDGE: readonly ServiceName[] = ["api", "auth", "catalog", "inventory", "orders"];

/**
 * The services that the nodes of an account run, and nobody else's may claim to. An account is called like its service,
 * or like its services with "-" between them; `edge` is short for those that placing an order needs. `operator` runs
 * none.
 */
export function servicesOf(account: string): readonly string[] {
  if (account === "operator") return [];
  return account === "edge" ? EDGE : account.split("-");
}

/** The account of a node: NATS lets it take no other name. */
export function accountOf(nodeId: string): string {
  return nodeId.split(".", 1)[0] as string;
}

/**
 * The user by which the nodes of an account read or write one domain's channel. Each channel is a NATS account of its
 * own: whoever may make a stream may have it republish to any subject of its account.
 */
export function channelUser(account: string, channel: string): string {
  return `${account}@${channel}`;
}
