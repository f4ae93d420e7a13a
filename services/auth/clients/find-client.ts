import type { AuthService, ClientRow } from "./auth-service.ts";

/** An active client by its id. */
export async function findClient(service: AuthService, id: string): Promise<ClientRow | undefined> {
  const [client] = await service.adapter.rows<ClientRow>({ where: { id }, limit: 1 });
  return client?.active ? client : undefined;
}
