import type { Tx } from "../../../platform/database.ts";
import type { EventMeta, NewEvent } from "../../../platform/event-log.ts";
import type { DomainService } from "../../../platform/service.ts";
import { saveShipments } from "../repository.ts";
import { eventOf, evolve, type Move, type ShipmentState, type TrailRow, trailOf } from "../shipment.ts";

/** A locked shipment and where it goes. */
export interface Moving {
  readonly shipment: ShipmentState;
  readonly moves: readonly Move[];
  readonly meta: EventMeta;
}

/** Writes moves of locked shipments: their rows, their trails and their events, as one set. */
export function recordMoves(tx: Tx, service: DomainService, moving: readonly Moving[]): void {
  const at = service.clock.now();
  const states: ShipmentState[] = [];
  const trail: TrailRow[] = [];
  const events: NewEvent[] = [];
  for (const { shipment, moves, meta } of moving) {
    if (moves.length === 0) continue;
    let state = shipment;
    for (const move of moves) {
      state = evolve(state, move);
      trail.push(trailOf(state, move, meta.actor, at));
      events.push({
        stream: state.id,
        version: state.version,
        tenant: state.tenant,
        ...eventOf(state, move),
        meta,
        at,
      });
    }
    states.push(state);
  }
  saveShipments(tx, service.log, states, trail, events, at);
}
