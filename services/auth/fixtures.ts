import type { Instant } from "../../platform/clock.ts";
import type { Scope } from "../../platform/contracts.ts";
import type { Database } from "../../platform/database.ts";
import { hashSecret } from "./crypto/secret.ts";
import { addClients, addTenants, knownClients } from "./repository.ts";
import { SCOPES } from "./scope.ts";

const SECRET = "demo-secret";
const SHOP: readonly Scope[] = ["orders:read", "orders:write", "inventory:read", "payments:read", "delivery:read"];

const TENANTS = [
  { id: "demo", name: "Demo" },
  { id: "acme", name: "Acme" },
];

const CLIENTS: readonly { id: string; tenant: string; name: string; scopes: readonly Scope[] }[] = [
  { id: "demo-shop", tenant: "demo", name: "The demo shop's back end", scopes: SHOP },
  { id: "demo-courier", tenant: "demo", name: "The demo shop's courier", scopes: ["delivery:read", "delivery:write"] },
  { id: "demo-operator", tenant: "demo", name: "The demo shop's operators", scopes: SCOPES },
  { id: "acme-shop", tenant: "acme", name: "Acme's back end", scopes: SHOP },
  { id: "acme-operator", tenant: "acme", name: "Acme's operators", scopes: SCOPES },
];

/** Adds the demo tenants and clients that are missing; those that are there stay as they are. */
export async function seedAuth(database: Database, now: Instant): Promise<void> {
  const known = await knownClients(database);
  const missing = CLIENTS.filter(({ id }) => !known.includes(id));
  if (missing.length === 0) return;
  // A hash takes tens of milliseconds of a core: all at the same time, and none at all at the second start.
  const rows = await Promise.all(missing.map(async (client) => ({ ...client, secretHash: await hashSecret(SECRET) })));
  await database.transaction("*", async (tx) => {
    await addTenants(tx, TENANTS, now);
    await addClients(tx, rows, now);
  });
}
