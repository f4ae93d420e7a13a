import type { Command } from "../command.ts";
import { columns, section, short, time } from "../text.ts";

const MOST = 50;

/** The newest acts of the audit log. */
export const audit: Command = {
  usage: "audit [actor]",
  description: "Who did what, the newest first; of one client or customer",
  options: [{ option: "--action <action>", description: "Only acts of this kind: auth.rotateSecret" }],
  async run(operator, { actor, action }) {
    const params = { limit: MOST, ...(actor && { actor }), ...(action && { action }) };
    const { items } = await operator.ask("auth.listAuditLog", params);
    const rows = items.map((act) => [
      String(act.sequence),
      time(act.at),
      act.tenant,
      act.actor.customer ?? act.actor.client,
      act.action,
      act.object ?? "",
      act.outcome ?? "not known",
      short(JSON.stringify(act.params)),
    ]);
    const headings = ["sequence", "at", "tenant", "who", "what", "to what", "outcome", "how"];
    return section(`Audit log${items.length === MOST ? ` (the newest ${MOST})` : ""}`, columns(headings, rows));
  },
};
