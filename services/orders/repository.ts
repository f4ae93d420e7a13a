export { lockOrders, overdueOrders, postponeDeadlines, saveOrders } from "./repository/changing.ts";
export { numberSource, type Placement, placeOrders } from "./repository/placing.ts";
export {
  countByStatus,
  eventsOf,
  findByOrderNumber,
  listOrders,
  loadOrders,
  type OrderFilter,
  type ReadOrder,
  reloadOrders,
} from "./repository/reading.ts";
export type { FoundOrder } from "./repository/rows.ts";
export { keepSealed, lockPlain, orderIdsAfter, rewriteOrders } from "./repository/upkeep.ts";
