import { KEPT_ANSWERS } from "../../../platform/sealing/kept-answers.ts";
import type { SealedTable } from "../../../platform/sealing/reseal.ts";
import { SANDBOX_MESSAGES } from "../media/sandbox.ts";
import { CONTACT } from "../template-repository.ts";
import { addressIndexes, SUPPRESSED } from "./unsubscribe-token.ts";

const byId = { key: [["id", "uuid"]], tenant: "tenant", idOf: ([id]: readonly string[]) => id as string } as const;

/** All that notifications seal. */
export const SEALED_TABLES: readonly SealedTable[] = [
  { ...byId, table: "sandbox_messages", column: "sealed", sealedAs: SANDBOX_MESSAGES },
  {
    ...byId,
    table: "suppressions",
    column: "sealed",
    sealedAs: SUPPRESSED,
    index: {
      column: "address_index",
      of: (sealing, tenant, email) => addressIndexes(sealing, tenant, email)[0] as Buffer,
    },
  },
  {
    table: "settings",
    column: "contact",
    sealedAs: CONTACT,
    key: [["tenant", "text"]],
    tenant: "tenant",
    idOf: ([tenant]) => tenant as string,
  },
  KEPT_ANSWERS,
];
