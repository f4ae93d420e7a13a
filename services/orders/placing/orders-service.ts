import type { Problem } from "../../../platform/errors.ts";
import type { DomainService } from "../../../platform/service.ts";
import type { Order } from "../contract.ts";
import type { Placement } from "../repository.ts";
import type { PlaceRequest, PlaceResult } from "./kept-answers.ts";

/** The orders' service, with what placing needs beside the database. */
export interface OrdersService extends DomainService {
  /** Checks a request together with those that arrive at the same time. */
  readonly checks: (request: PlaceRequest) => Promise<Verdict>;
  /** Places an order together with those that were checked meanwhile. */
  readonly placements: (verdict: Verdict) => Promise<PlaceResult>;
  /** The next counter for an order number; different on every node. */
  readonly nextNumber: () => Promise<number>;
}

/** An order that may be placed, and how it is answered. */
export interface Placeable {
  readonly request: PlaceRequest;
  readonly placement: Placement;
  readonly order: Order;
  /** The order as the bytes of the response. */
  readonly body: string;
}

/** What has come of checking a request: an order, or what is wrong with it. */
export type Verdict = Placeable | { readonly request: PlaceRequest; readonly problem: Problem };
