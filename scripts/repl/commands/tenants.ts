import type { Command } from "../command.ts";
import { columns, section, time } from "../text.ts";

const MOST = 100;

/** All tenants. */
export const tenants: Command = {
  usage: "tenants",
  description: "The tenants, the newest first",
  async run(operator) {
    const { items } = await operator.ask("auth.listTenants", { limit: MOST });
    const rows = items.map(({ id, name, active, version, createdAt }) => [
      id,
      active ? "active" : "disabled",
      String(version),
      time(createdAt),
      name,
    ]);
    return section("Tenants", columns(["id", "state", "version", "since", "name"], rows));
  },
};

/** Adds a tenant. */
export const tenantCreate: Command = {
  usage: "tenant-create <id> <name>",
  description: "Adds a tenant; `client-create` makes its first client",
  async run(operator, { id = "", name = "" }) {
    const tenant = await operator.ask("auth.createTenant", { id, name });
    return `There is the tenant ${tenant.id} now, with no clients and nothing to sell.`;
  },
};
