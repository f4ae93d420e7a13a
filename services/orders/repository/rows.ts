import type { Instant } from "../../../platform/clock.ts";
import type { OrderStatus } from "../contract.ts";
import type { OrderState, PlacedData, StoredOrder } from "../order.ts";
import type { PersonalData } from "../order-view.ts";

/** The members of a state that change; the rest stands in order_details. */
export type StoredState = Omit<OrderState, "id" | "tenant" | "placed" | "status" | "createdAt" | "updatedAt">;

export interface StoredRow {
  readonly id: string;
  readonly tenant: string;
  readonly status: OrderStatus;
  readonly streamVersion: number;
  readonly state: StoredState;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly placed: PlacedData;
}

export interface OrderRow extends StoredRow {
  readonly personal: PersonalData | null;
  readonly sealed: Buffer | null;
}

/** An order's personal data as they are kept: sealed, or in rows of before as they are. */
export interface KeptPersonalData {
  readonly sealed: Buffer | null;
  readonly plain: PersonalData | null;
}

/** An order with what is kept apart from its events. */
export interface FoundOrder extends StoredOrder {
  readonly personal: KeptPersonalData;
}

/** The columns of an order without its personal data, of `o` and `d` as `FROM` names them. */
export const STORED = `o.id, o.tenant, o.status, o.stream_version as "streamVersion", o.state, o.created_at as "createdAt",
  o.updated_at as "updatedAt", d.placed`;

/** The columns of an order with them. */
export const COLUMNS = `${STORED}, d.personal, d.sealed`;

export const FROM = "from orders o join order_details d on d.order_id = o.id";

export function storedState({
  id: _i,
  tenant: _t,
  placed: _p,
  status: _s,
  createdAt: _c,
  updatedAt: _u,
  ...state
}: OrderState): StoredState {
  return state;
}

export function storedOrder({
  id,
  tenant,
  status,
  streamVersion,
  state,
  createdAt,
  updatedAt,
  placed,
}: StoredRow): StoredOrder {
  return { state: { ...state, id, tenant, status, placed, createdAt, updatedAt }, streamVersion };
}

export function foundOrder(row: OrderRow): FoundOrder {
  return { ...storedOrder(row), personal: { sealed: row.sealed, plain: row.personal } };
}
