import type { Instant } from "../../../platform/clock.ts";
import type { Tx } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import { lockSigningKeys, replaceKey } from "../repository.ts";
import { generateSigningKey } from "./signing-key.ts";

/** Makes a new key the one that signs. Answers its id. */
export async function replaceSigningKey(tx: Tx, now: Instant): Promise<string> {
  await lockSigningKeys(tx);
  const key = await generateSigningKey(newId());
  await replaceKey(tx, key, now);
  return key.kid;
}
