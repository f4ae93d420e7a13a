import { randomBytes, randomUUID } from "node:crypto";
import type { Instant } from "../../../platform/clock.ts";
import type { Scope } from "../../../platform/contracts.ts";
import { forbidden } from "../../../platform/errors.ts";
import type { Identity } from "../../../platform/service.ts";
import type { ManagedClient as ClientView } from "../contract.ts";
import type { ManagedClient } from "./client-repository.ts";

/** A client that is to be added. Its id is not the operator's to choose: that one is taken would tell of another tenant's. */
export function newClient(
  { tenant, name, scopes, grants }: Pick<ManagedClient, "tenant" | "name" | "scopes" | "grants">,
  secretHash: string,
  now: Instant,
): ManagedClient {
  return {
    id: `${tenant}-${randomBytes(6).toString("hex")}`,
    tenant,
    name,
    scopes: [...new Set(scopes)],
    grants: [...new Set(grants)],
    active: true,
    limits: {},
    secretHash,
    previousSecretHash: null,
    previousSecretUntil: null,
    epoch: randomUUID(),
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

/** A client as operators see it. */
export function clientView(client: ManagedClient, now: Instant): ClientView {
  const {
    id,
    tenant,
    name,
    scopes,
    grants,
    active,
    limits,
    previousSecretUntil: until,
    version,
    createdAt,
    updatedAt,
  } = client;
  const overlap = until !== null && until > now && { previousSecretUntil: until };
  return {
    id,
    tenant,
    name,
    scopes: scopes as Scope[],
    grants: [...grants],
    active,
    limits,
    ...overlap,
    version,
    createdAt,
    updatedAt,
  };
}

/** Throws FORBIDDEN unless somebody has all these scopes: nobody gives, or gets hold of, what they lack. */
export function assertHolds({ scopes: held }: Identity, scopes: readonly string[]): void {
  const lacking = scopes.filter((scope) => !held.includes(scope));
  if (lacking.length > 0)
    throw forbidden({ detail: `The token lacks ${lacking.join(", ")}, which the client has or would get.` });
}
