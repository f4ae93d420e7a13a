import type { Scope } from "../../../platform/contracts.ts";
import type { Command } from "../command.ts";

/** Adds a client to a tenant. */
export const clientCreate: Command = {
  usage: "client-create <tenant> <name> <scopes>",
  description: "Adds a client with scopes, with commas between them, and shows its secret this once",
  async run(operator, { tenant = "", name = "", scopes = "" }) {
    const list = scopes.split(",").filter((scope) => scope !== "") as Scope[];
    const { id, secret } = await operator.ask("auth.createClient", { tenant, name, scopes: list });
    return `There is the client ${id} now. Its secret, which nobody can show again: ${secret}`;
  },
};
