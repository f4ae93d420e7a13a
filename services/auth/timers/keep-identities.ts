import { after } from "../../../platform/clock.ts";
import { configOf } from "../../../platform/config.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { ownAct } from "../audit/audit-entry.ts";
import { appendEntries } from "../audit/audit-repository.ts";
import type { AuthService } from "../clients/auth-service.ts";
import { replaceSigningKey } from "../crypto/replace-key.ts";
import { openKey, sealKey } from "../crypto/sealed-key.ts";
import type { StoredKey } from "../crypto/signing-key.ts";
import { findKeys, findPlainKeys, keepSealedKey, lockSigningKeys } from "../repository.ts";

/** How long a key signs. Then a new one takes over, and the old one verifies until its last token has expired. */
const KEY_LIFE_MS = 90 * 86_400_000;
/** For how many looks of `auth` at its keys a new one is shown before it signs. */
const SHOWN_LOOKS = 5;
/** How often a node asks for the age of the key that signs. */
const AGES_MS = 3_600_000;

/** Fills the memory of a service that starts. There is a first key after it. */
export async function loadIdentities(service: AuthService): Promise<void> {
  await sealPlainKeys(service);
  await rotateKey(service);
  await service.keys.reload();
}

/**
 * The keys that still verify something, the one that signs first. A new key is shown for a while before it signs, so that
 * every node knows it when it meets it; until then the one before signs on.
 */
export async function keysInUse(service: DomainService): Promise<StoredKey[]> {
  const { accessTokenSeconds, pollMs } = configOf(service.broker);
  const now = service.clock.now();
  const shownFor = SHOWN_LOOKS * pollMs;
  // Of keys that were retired before this no valid token is left.
  const keys = await findKeys(service.database.acrossTenants, after(now, -1_000 * accessTokenSeconds - 2 * shownFor));
  const signing = keys.find(({ createdAt }) => createdAt <= after(now, -shownFor)) ?? keys.at(-1);
  const inOrder = signing ? [signing, ...keys.filter((key) => key !== signing)] : [];
  return inOrder.map((row) => openKey(service.sealing, row));
}

/** Keeps what is in memory true to the tables, and replaces a signing key that is due for it. */
export async function keepIdentities(domain: DomainService): Promise<undefined> {
  const service = domain as AuthService;
  // All nodes sign with the same key, and show it to whoever verifies tokens without asking us.
  await service.keys.reload();
  const { memory } = service;
  if (performance.now() - memory.agedAt < AGES_MS) return;
  memory.agedAt = performance.now();
  if (await rotateKey(service)) await service.keys.reload();
}

/** Private halves of before they were sealed do not stay as they are. */
async function sealPlainKeys(service: DomainService): Promise<void> {
  await inTransaction(serviceContext(service), async (tx) => {
    await lockSigningKeys(tx);
    for (const row of await findPlainKeys(tx)) {
      await keepSealedKey(tx, row.kid, sealKey(service.sealing, openKey(service.sealing, row)));
    }
  });
}

async function rotateKey(service: DomainService): Promise<boolean> {
  const now = service.clock.now();
  const [seen] = await findKeys(service.database.acrossTenants, now);
  if (seen && after(seen.createdAt, KEY_LIFE_MS) > now) return false;
  // Under the lock the keys are looked at again: another node may have made one meanwhile.
  return inTransaction(serviceContext(service), async (tx) => {
    await lockSigningKeys(tx);
    const [current] = await findKeys(tx, now);
    if (current && after(current.createdAt, KEY_LIFE_MS) > now) return false;
    const kid = await replaceSigningKey(service, tx, now);
    await appendEntries(tx, [ownAct(service, { action: "auth.rotateKeys", object: kid })], now);
    return true;
  });
}
