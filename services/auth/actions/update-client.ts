import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { conflict, forbidden, notFound, staleVersion } from "../../../platform/errors.ts";
import type { ActionHandler, Identity } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { lockClient, type ManagedClient, saveClient } from "../clients/client-repository.ts";
import { endTokens } from "../clients/end-tokens.ts";
import { assertHolds, clientView } from "../clients/managed-client.ts";
import { tellRulesChanged } from "../clients/tell-rules-changed.ts";
import { tenantsOf } from "../clients/whose.ts";

/**
 * Changes members of a client. What it may not do any more its tokens may not either: they end when it is disabled, and
 * when a scope or a grant is taken from it.
 */
export const updateClient: ActionHandler<"auth.updateClient", AuthService> = async function (ctx) {
  const identity = ctx.meta.identity as Identity;
  const { id, version, ...changes } = ctx.params;
  return this.database.transaction(tenantsOf(identity), async (tx) => {
    const before = await lockClient(tx, id, tenantsOf(identity));
    if (!before) throw notFound();
    const scopes = [...new Set(changes.scopes ?? before.scopes)];
    const grants = [...new Set(changes.grants ?? before.grants)];
    // Who may do more than the caller is not the caller's to change either.
    assertHolds(identity, [...new Set([...before.scopes, ...scopes])]);
    if (changes.limits !== undefined && tenantsOf(identity) !== "*")
      throw forbidden({ detail: "The token lacks platform, which changes limits." });
    if (version !== undefined && version !== before.version) throw staleVersion({ version: before.version });
    if (changes.active === false && id === identity.client)
      throw conflict({ detail: "The client is the one that asks: it could not be enabled by it again." });
    const client: ManagedClient = { ...before, ...changes, scopes, grants };
    if (isSame(before, client)) return clientView(before, this.clock.now());
    const isLess =
      (before.active && !client.active) || !isAmong(before.scopes, scopes) || !isAmong(before.grants, grants);
    if (isLess) await endTokens(this, tx, { epochs: [before.epoch], tenant: before.tenant });
    const now = this.clock.now();
    const epoch = isLess ? randomUUID() : before.epoch;
    const saved: ManagedClient = { ...client, epoch, version: before.version + 1, updatedAt: now };
    await saveClient(tx, saved);
    tx.afterCommit(() => tellRulesChanged(this));
    return clientView(saved, now);
  });
};

function isSame(a: ManagedClient, b: ManagedClient): boolean {
  const isAllowedTheSame = isSameSet(a.scopes, b.scopes) && isSameSet(a.grants, b.grants);
  return a.name === b.name && a.active === b.active && isDeepStrictEqual(a.limits, b.limits) && isAllowedTheSame;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return isAmong(a, b) && isAmong(b, a);
}

function isAmong(some: readonly string[], all: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}
