import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import { endHolds } from "../movement-repository.ts";
import { movementsOf } from "../reservation.ts";
import { endReservations, lockExpired } from "../reservation-repository.ts";
import { causeOf } from "../shared/cause.ts";

const SET = 200;

/**
 * Gives back what direct reservations hold whose time is over. Any number of nodes may do it at once.
 *
 * @returns 0 when there may be more of them
 */
export async function releaseExpired(service: DomainService): Promise<number | undefined> {
  const ctx = serviceContext(service);
  const cause = causeOf(service, ctx);
  return inTransaction(ctx, async (tx) => {
    const expired = await lockExpired(tx, cause.at, SET);
    await endReservations(tx, "direct", expired, "RELEASED");
    endHolds(
      tx,
      expired.flatMap((row) => movementsOf("RELEASED", row, cause.actor, "expired")),
      cause.at,
    );
    return expired.length === SET ? 0 : undefined;
  });
}
