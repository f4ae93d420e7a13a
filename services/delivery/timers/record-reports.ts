import { inTransaction } from "../../../platform/database.ts";
import { newId } from "../../../platform/ids.ts";
import { serviceContext } from "../../../platform/service.ts";
import type { DeliveryService } from "../carriers/carrier.ts";
import { lockShipments } from "../repository.ts";
import { recordMoves } from "../shared/record-moves.ts";
import { decide, type Move, type Report, type ShipmentState } from "../shipment.ts";

const LIMIT = 256;
/** When what is due is in another node's hands there is nothing to do about it at once. */
const NOT_MINE_MS = 50;

/**
 * Writes down what the carrier reports: the reports, the shipments, their trails and events in one transaction.
 * Answers in how many ms it wants to run again.
 */
export async function recordReports(service: DeliveryService): Promise<number | undefined> {
  const { carrier, clock } = service;
  const { taken, nextAt } = await inTransaction(serviceContext(service), async (tx) => {
    const { reports, nextAt } = await carrier.takeReports(tx, clock.now(), LIMIT);
    if (reports.length === 0) return { taken: 0, nextAt };
    const byShipment = Map.groupBy(reports, (report) => report.shipmentId);
    const meta = { actor: `carrier:${carrier.name}`, correlationId: newId() };
    const moving = (await lockShipments(tx, [...byShipment.keys()])).map((shipment) => ({
      ...{ shipment, meta },
      moves: movesOf(shipment, byShipment.get(shipment.id) ?? []),
    }));
    recordMoves(tx, service, moving);
    return { taken: reports.length, nextAt };
  });
  if (taken === LIMIT) return 0;
  return nextAt === undefined
    ? undefined
    : Math.max(taken > 0 ? 0 : NOT_MINE_MS, Date.parse(nextAt) - Date.parse(clock.now()));
}

function movesOf(shipment: ShipmentState, reports: readonly Report[]): Move[] {
  const moves: Move[] = [];
  for (const report of reports) {
    const more = decide({ type: "report", report }, moves.at(-1)?.to ?? shipment.status);
    // A report is never illegal: what leads nowhere is late news.
    if (more !== "illegal") moves.push(...more);
  }
  return moves;
}
