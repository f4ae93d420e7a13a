import type { Scope } from "../../../platform/contracts.ts";
import type { Command } from "../command.ts";

/** Adds a client to a tenant. */
export const clientCreate: Command = {
  usage: "client-create <tenant> <name> <scopes>",
  description: "Adds a client with scopes, with commas between them, and shows its secret this once",
  options: [{ option: "--logins", description: "Customers may log in by it" }],
  async run(operator, { tenant = "", name = "", scopes = "", logins }) {
    const list = scopes.split(",").filter((scope) => scope !== "") as Scope[];
    const grants = logins ? { grants: ["client_credentials" as const, "password" as const] } : {};
    const { id, secret } = await operator.ask("auth.createClient", { tenant, name, scopes: list, ...grants });
    return `There is the client ${id} now. Its secret, which nobody can show again: ${secret}`;
  },
};
