import type { Instant } from "../../platform/clock.ts";
import type { Scope } from "../../platform/contracts.ts";
import type { Database } from "../../platform/database.ts";
import { newId } from "../../platform/ids.ts";
import { DEMO_SECRET } from "../../platform/production.ts";
import { type Grant, SCOPES } from "./contract.ts";
import { hashPassword } from "./crypto/password.ts";
import { hashSecret } from "./crypto/secret.ts";
import { addDemoCustomers, hasCustomers } from "./customers/demo-customer-repository.ts";
import { addClients, addTenants, knownClients } from "./repository.ts";
import { TENANT_SCOPES } from "./scope.ts";

const SHOP: readonly Scope[] = ["orders:read", "orders:write", "inventory:read", "payments:read", "delivery:read"];

/** Requests a minute that no load test meets. */
const PLENTY = 1_000_000_000;
/** What their customers may order stays the default. */
const LIMITS = { requests: PLENTY, orders: PLENTY, customerRequests: PLENTY };

/** The origins are those of a shop's page under development, as the usual tools serve it. */
const TENANTS = [
  { id: "demo", name: "Demo", limits: { requests: PLENTY }, origins: ["http://localhost:5173"] },
  { id: "acme", name: "Acme", limits: { requests: PLENTY }, origins: ["http://localhost:5174"] },
  // Whoever runs the platform is no merchant: a tenant of its own, without a catalog, and without pages.
  { id: "waybill", name: "Waybill", limits: { requests: PLENTY }, origins: [] },
];

interface DemoClient {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly grants: readonly Grant[];
}

/** Customers log in by the shops alone. */
const OWN: readonly Grant[] = ["client_credentials"];
const SHOPS: readonly Grant[] = ["client_credentials", "password"];
const COURIER: readonly Scope[] = ["delivery:read", "delivery:write"];
const CLIENTS: readonly DemoClient[] = [
  { id: "demo-shop", tenant: "demo", name: "The demo shop's back end", scopes: SHOP, grants: SHOPS },
  { id: "demo-courier", tenant: "demo", name: "The demo shop's courier", scopes: COURIER, grants: OWN },
  { id: "demo-operator", tenant: "demo", name: "The demo shop's operators", scopes: TENANT_SCOPES, grants: OWN },
  { id: "acme-shop", tenant: "acme", name: "Acme's back end", scopes: SHOP, grants: SHOPS },
  { id: "acme-operator", tenant: "acme", name: "Acme's operators", scopes: TENANT_SCOPES, grants: OWN },
  { id: "waybill-operator", tenant: "waybill", name: "The platform's operators", scopes: SCOPES, grants: OWN },
];

const PASSWORD = "correct horse battery staple";
const CUSTOMERS = [
  { tenant: "demo", email: "ada@example.com", name: "Ada Lovelace" },
  { tenant: "demo", email: "grace@example.com", name: "Grace Hopper" },
];

/** Adds the demo tenants and clients that are missing, and customers where there are none; who is there stays, with limits if they had none. */
export async function seedAuth(database: Database, now: Instant): Promise<void> {
  const known = await knownClients(database);
  const missing = CLIENTS.filter(({ id }) => !known.includes(id));
  const isNew = !(await hasCustomers(database));
  if (missing.length === 0 && !isNew) return;
  // A hash takes tens of milliseconds of a core: all at the same time, and none at all at the second start.
  const rows = await Promise.all(
    missing.map(async (client) => ({ ...client, limits: LIMITS, secretHash: await hashSecret(DEMO_SECRET) })),
  );
  const passwordHash = isNew ? await hashPassword(PASSWORD) : "";
  await database.transaction("*", async (tx) => {
    await addTenants(tx, TENANTS, now);
    await addClients(tx, rows, now);
    if (isNew)
      await addDemoCustomers(
        tx,
        CUSTOMERS.map((customer) => ({ ...customer, id: newId(), passwordHash })),
        now,
      );
  });
}
