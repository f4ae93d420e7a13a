import type { Instant } from "../../../platform/clock.ts";
import type { Database } from "../../../platform/database.ts";
import { ownAct } from "../audit/audit-entry.ts";
import { appendEntries } from "../audit/audit-repository.ts";
import { SCOPES } from "../contract.ts";
import { hashSecret, newSecret } from "../crypto/secret.ts";
import { newTenant } from "../tenants/new-tenant.ts";
import { addTenant, lockTenant } from "../tenants/tenant-repository.ts";
import { addClient, holderOf } from "./client-repository.ts";
import { newClient } from "./managed-client.ts";

/** The platform's first client, or who is that already. */
export type FirstOperator = { readonly id: string; readonly secret: string } | { readonly there: string };

/**
 * Makes the client that may make all others, where nobody could: with all scopes, in a tenant of the platform's own.
 *
 * @param by who does it, for the audit log
 * @param another makes one more even if there is one, whose secret was lost
 */
export async function makeFirstOperator(
  database: Database,
  {
    tenant,
    by,
    another,
    now,
  }: { readonly tenant: string; readonly by: string; readonly another: boolean; readonly now: Instant },
): Promise<FirstOperator> {
  const secret = newSecret();
  const secretHash = await hashSecret(secret);
  return database.transaction("*", async (tx) => {
    const added = newTenant(tenant, "The platform", now);
    await addTenant(tx, added);
    // Of two at the same time the second finds the first one's client.
    await lockTenant(tx, tenant);
    const there = another ? undefined : await holderOf(tx, "platform");
    if (there !== undefined) return { there };
    const may = { scopes: SCOPES, grants: ["client_credentials"] };
    const client = newClient({ tenant, name: "The platform's operators", ...may }, secretHash, now);
    await addClient(tx, client);
    const act = ownAct({ name: "auth" }, { client: `operator:${by}`, action: "auth.bootstrap", object: client.id });
    await appendEntries(tx, [act], now);
    return { id: client.id, secret };
  });
}
