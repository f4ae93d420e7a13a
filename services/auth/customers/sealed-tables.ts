import { KEPT_ANSWERS } from "../../../platform/sealing/kept-answers.ts";
import type { SealedTable } from "../../../platform/sealing/reseal.ts";
import { PRIVATE_KEYS } from "../crypto/sealed-key.ts";
import { emailIndexes, PROFILES, type Profile } from "./profile.ts";
import { ADDRESSES } from "./saved-address.ts";

const byId = { key: [["id", "uuid"]], tenant: "tenant", idOf: ([id]: readonly string[]) => id as string } as const;

/** All that auth seals. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: "signing_keys",
    column: "private_key_sealed",
    sealedAs: PRIVATE_KEYS,
    key: [["kid", "text"]],
    tenant: "'*'",
    idOf: ([kid]) => kid as string,
  },
  {
    ...byId,
    table: "customers",
    column: "sealed",
    sealedAs: PROFILES,
    index: {
      column: "email_index",
      of: (sealing, tenant, text) => emailIndexes(sealing, tenant, (JSON.parse(text) as Profile).email)[0] as Buffer,
    },
  },
  { ...byId, table: "addresses", column: "sealed", sealedAs: ADDRESSES },
  KEPT_ANSWERS,
];
