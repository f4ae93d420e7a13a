import { ANSWERS, type KeyScope, placeOf } from "../idempotency.ts";
import type { SealedTable } from "./reseal.ts";

/** The answers that a domain keeps for idempotency keys. */
export const KEPT_ANSWERS: SealedTable = {
  table: "idempotency_keys",
  column: "sealed",
  sealedAs: ANSWERS,
  key: [
    ["tenant", "text"],
    ["client", "text"],
    ["route", "text"],
    ["key", "text"],
  ],
  tenant: "tenant",
  idOf: (key) => placeOf(key as unknown as KeyScope).id,
};
