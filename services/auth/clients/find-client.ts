import type { Grant } from "../contract.ts";
import { isTenantActive } from "../tenants/tenant-repository.ts";
import type { AuthService, ClientRow } from "./auth-service.ts";

/** An active client of an active tenant by its id. */
export async function findClient(service: AuthService, id: string): Promise<ClientRow | undefined> {
  const [client] = await service.adapter.rows<ClientRow>({ where: { id }, limit: 1 });
  return client?.active && (await isTenantActive(service.database.acrossTenants, client.tenant)) ? client : undefined;
}

/** The same, if customers may log in by it. Of any other it says no more than of one that is not there. */
export async function findClientForLogin(service: AuthService, id: string): Promise<ClientRow | undefined> {
  const client = await findClient(service, id);
  return client && mayAskBy(client, "password") ? client : undefined;
}

/** Whether a client was given a grant. */
export function mayAskBy({ grants }: Pick<ClientRow, "grants">, grant: Grant): boolean {
  return grants.includes(grant);
}
