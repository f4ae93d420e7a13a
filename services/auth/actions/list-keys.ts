import type { ActionHandler } from "../../../platform/service.ts";
import type { AuthService } from "../clients/auth-service.ts";
import type { Key } from "../contract.ts";
import { listKeyRows } from "../repository.ts";
import { pageOf, placeOf } from "../tenants/place.ts";

/** The keys that tokens were ever signed with, newest first: their public side. */
export const listKeys: ActionHandler<"auth.listKeys", AuthService> = async function (ctx) {
  const { limit = 20, cursor } = ctx.params;
  const rows = await listKeyRows(this.database.acrossTenants, placeOf(cursor), limit + 1);
  const { items, nextCursor } = pageOf(rows, limit);
  const signing = this.keys.signing.kid;
  const keys = items.map(({ id, createdAt, retiredAt }): Key => {
    const state = id === signing ? "signs" : retiredAt === null ? "next" : "retired";
    return { kid: id, algorithm: "ES256", state, createdAt, ...(retiredAt !== null && { retiredAt }) };
  });
  return { items: keys, nextCursor };
};
