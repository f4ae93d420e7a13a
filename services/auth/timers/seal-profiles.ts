import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { lockPlainProfiles, resealProfile } from "../customers/customer-repository.ts";
import { openProfile } from "../customers/profile.ts";

const SET = 100;

/** Seals the profiles of before they were sealed, and those that nodes have written since that do not know of it. */
export async function sealProfiles(service: DomainService): Promise<0 | undefined> {
  const sealed = await inTransaction(serviceContext(service), async (tx) => {
    const rows = await lockPlainProfiles(tx, SET);
    for (const row of rows) await resealProfile(tx, service.sealing, row, openProfile(service.sealing, row));
    return rows.length;
  });
  return sealed === SET ? 0 : undefined;
}
