import type { Instant } from "../../../platform/clock.ts";
import type { Tx } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import type { DomainService } from "../../../platform/service.ts";
import { lockSigningKeys, replaceKey } from "../repository.ts";
import { sealKey } from "./sealed-key.ts";
import { generateSigningKey } from "./signing-key.ts";

/** Makes a new key the one that signs. Answers its id. */
export async function replaceSigningKey(
  { sealing }: Pick<DomainService, "sealing">,
  tx: Tx,
  now: Instant,
): Promise<string> {
  await lockSigningKeys(tx);
  const key = await generateSigningKey(newId());
  await replaceKey(tx, { ...key, sealedKey: sealKey(sealing, key) }, now);
  return key.kid;
}
