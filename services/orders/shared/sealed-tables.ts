import { KEPT_ANSWERS } from "../../../platform/sealing/kept-answers.ts";
import type { SealedTable } from "../../../platform/sealing/reseal.ts";
import { PERSONAL_DATA } from "./personal-data.ts";

/** All that orders seal. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: "order_details",
    column: "sealed",
    sealedAs: PERSONAL_DATA,
    key: [["order_id", "uuid"]],
    tenant: "tenant",
    idOf: ([id]) => id as string,
  },
  KEPT_ANSWERS,
];
