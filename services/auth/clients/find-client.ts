import { isTenantActive } from "../tenants/tenant-repository.ts";
import type { AuthService, ClientRow } from "./auth-service.ts";

/** An active client of an active tenant by its id. */
export async function findClient(service: AuthService, id: string): Promise<ClientRow | undefined> {
  const [client] = await service.adapter.rows<ClientRow>({ where: { id }, limit: 1 });
  return client?.active && (await isTenantActive(service.database.acrossTenants, client.tenant)) ? client : undefined;
}
