import { KEPT_ANSWERS } from "../../../platform/sealing/kept-answers.ts";
import type { SealedTable } from "../../../platform/sealing/reseal.ts";
import { ENDPOINT_SECRETS } from "../endpoint-repository.ts";
import { RESPONSES } from "./kept-response.ts";

/** All that webhooks seal. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: "endpoints",
    column: "sealed",
    sealedAs: ENDPOINT_SECRETS,
    key: [["id", "uuid"]],
    tenant: "tenant",
    idOf: ([id]) => id as string,
  },
  {
    table: "attempts",
    column: "response",
    sealedAs: RESPONSES,
    key: [
      ["delivery_id", "uuid"],
      ["number", "int"],
    ],
    tenant: "tenant",
    idOf: ([delivery, number]) => `${delivery}/${number}`,
  },
  KEPT_ANSWERS,
];
