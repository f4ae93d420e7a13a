import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { KeyRow } from "../repository.ts";
import type { StoredKey } from "./signing-key.ts";

/** The column that private halves are sealed in. */
export const PRIVATE_KEYS = "signing_keys.private_key";

/** A private half as its row keeps it. It is no tenant's: all tenants' tokens are signed by it. */
export function sealKey(sealing: Sealing, { kid, privateKey }: Pick<StoredKey, "kid" | "privateKey">): Buffer {
  return sealing.column(PRIVATE_KEYS).seal({ tenant: "*", id: kid }, privateKey);
}

/** The pair of a row, ready for use; also of a row that was written before private halves were sealed. */
export function openKey(sealing: Sealing, { kid, privateKey, sealedKey, publicKey }: KeyRow): StoredKey {
  if (!sealedKey) return { kid, privateKey: privateKey as string, publicKey };
  return { kid, privateKey: sealing.column(PRIVATE_KEYS).open({ tenant: "*", id: kid }, sealedKey), publicKey };
}
