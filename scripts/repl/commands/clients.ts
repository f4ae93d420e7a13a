import type { Command } from "../command.ts";
import { columns, section, time } from "../text.ts";

const MOST = 100;

/** The clients of all tenants, or of one. */
export const clients: Command = {
  usage: "clients [tenant]",
  description: "The OAuth2 clients, the newest first; of one tenant",
  async run(operator, { tenant = operator.tenant }) {
    const { items } = await operator.ask("auth.listClients", { limit: MOST, ...(tenant !== "*" && { tenant }) });
    const rows = items.map((client) => [
      client.id,
      client.tenant,
      client.active ? "active" : "disabled",
      client.previousSecretUntil === undefined ? "one" : `two until ${time(client.previousSecretUntil)}`,
      client.scopes.join(" "),
      client.name,
    ]);
    return section("Clients", columns(["id", "tenant", "state", "secrets", "scopes", "name"], rows));
  },
};
