import type { DomainHealth } from "../../../mixins/health.ts";
import type { SubscriptionState } from "../../../mixins/subscriptions.ts";
import { DOMAINS, type DomainName } from "../../../platform/config.ts";
import type { Command } from "../command.ts";
import { type Operator, Refused } from "../operator.ts";
import { columns, duration, section } from "../text.ts";

/** How long a node may take to answer, in ms; one that hangs does not hold up what the others say. */
const ANSWER_MS = 2_000;

/** How far the events have come: from the domains' tables into their logs, and from there to their readers. */
export const relay: Command = {
  usage: "relay",
  description: "How far the events have come: who numbers them, what waits, and how far the readers are behind",
  async run(operator) {
    const [relays, readers] = await Promise.all([
      Promise.all(DOMAINS.map((domain) => relayOf(operator, domain))),
      Promise.all(DOMAINS.map((domain) => readersOf(operator, domain))),
    ]);
    return [
      section("Relays", columns(["domain", "nodes", "leader", "waiting", "lag"], relays.flat())),
      section("Readers", columns(["domain", "log", "behind", "lag", "retrying", "dead", ""], readers.flat())),
    ].join("\n\n");
  },
};

async function relayOf(operator: Operator, domain: DomainName): Promise<string[][]> {
  const nodes = operator.nodesOf(domain);
  if (nodes.length === 0) return [[domain, "0", "not available", "", ""]];
  try {
    const { relay: state } = await operator.askAny<DomainHealth>(`${domain}.health.check`, {}, { timeout: ANSWER_MS });
    // Who has no events has no relay.
    if (!state) return [];
    const leaders = await Promise.all(
      nodes.map(async (nodeID) => ((await leads(operator, domain, nodeID)) ? nodeID : "")),
    );
    const leader = leaders.filter(Boolean).join(", ") || (state.led ? "a node that does not answer" : "nobody");
    return [[domain, String(nodes.length), leader, String(state.waiting), duration(state.lagSeconds)]];
  } catch (error) {
    if (error instanceof Refused) return [[domain, String(nodes.length), "none answers", "", ""]];
    throw error;
  }
}

async function leads(operator: Operator, domain: DomainName, nodeID: string): Promise<boolean> {
  try {
    return await operator.askAny<boolean>(`${domain}.log.leads`, {}, { nodeID, timeout: ANSWER_MS });
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

async function readersOf(operator: Operator, domain: DomainName): Promise<string[][]> {
  if (!operator.domainsWith("subscriptions.list").found.includes(domain)) return [];
  try {
    const states = await operator.askAny<SubscriptionState[]>(`${domain}.subscriptions.list`, {});
    return states.map(({ channel, behind, parked, replayingUntil }) => [
      domain,
      channel,
      behind ? String(behind.events) : "not known",
      behind ? duration(behind.seconds) : "",
      String(parked.retrying),
      String(parked.dead),
      replayingUntil === undefined ? "" : `replays until ${replayingUntil}`,
    ]);
  } catch (error) {
    if (error instanceof Refused) return [[domain, "", "not available", "", "", "", ""]];
    throw error;
  }
}
