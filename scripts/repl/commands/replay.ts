import type { Replayed, SubscriptionState } from "../../../mixins/subscriptions.ts";
import type { Command } from "../command.ts";
import { type Operator, Refused } from "../operator.ts";

/** Has a domain deal with the events of a channel again. */
export const replay: Command = {
  usage: "replay <domain> <channel> <from>",
  description: "Has a domain deal with a channel's events again: those after a sequence, or from a time on",
  async complete(operator, [domain, channel]) {
    if (channel !== undefined) return [];
    const { found } = operator.domainsWith("subscriptions.list");
    return domain === undefined ? found : (await channelsOf(operator, domain)).map(({ channel }) => channel);
  },
  async run(operator, { domain = "", channel = "", from = "" }) {
    const states = await channelsOf(operator, domain);
    if (!states.some((state) => state.channel === channel))
      throw new Refused(`${domain} reads ${states.map((state) => state.channel).join(" and ")}, not ${channel}.`);
    const replayed = await operator.askAny<Replayed>(`${domain}.subscriptions.replay`, { channel, ...placeOf(from) });
    const whose = operator.tenant === "*" ? "" : ` of ${operator.tenant}`;
    return `${domain} deals with the events${whose} of ${channel} after ${replayed.from} again, in ${replayed.partitions} partitions. \`relay\` shows how far it is.`;
  },
};

async function channelsOf(operator: Operator, domain: string): Promise<SubscriptionState[]> {
  const { found, away } = operator.domainsWith("subscriptions.list");
  if (!found.some((name) => name === domain)) {
    const isAway = away.some((name) => name === domain);
    throw new Refused(isAway ? `${domain} is not available.` : `${domain} reads no channel; ${found.join(", ")} do.`);
  }
  return operator.askAny<SubscriptionState[]>(`${domain}.subscriptions.list`, {});
}

function placeOf(from: string): { from: number } | { at: string } {
  if (/^\d{1,15}$/.test(from)) return { from: Number(from) };
  const at = new Date(from);
  if (!/^\d{4}-/.test(from) || Number.isNaN(at.getTime()))
    throw new Refused(`${from} is neither a sequence, as 0, nor a time, as 2026-11-21T10:00:00Z.`);
  return { at: at.toISOString() };
}
