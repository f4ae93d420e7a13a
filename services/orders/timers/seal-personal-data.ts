import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { keepSealed, lockPlain } from "../repository.ts";
import { sealPersonalData } from "../shared/personal-data.ts";

const SET = 100;

/** Seals the personal data of orders that were placed before they were sealed; an order at a time loses nothing by it. */
export async function sealOldPersonalData(service: DomainService): Promise<0 | undefined> {
  const sealed = await inTransaction(serviceContext(service), async (tx) => {
    const rows = await lockPlain(tx, SET);
    await keepSealed(
      tx,
      rows.map((row) => ({ id: row.id, sealed: sealPersonalData(service.sealing, row, row.personal) })),
    );
    return rows.length;
  });
  return sealed === SET ? 0 : undefined;
}
