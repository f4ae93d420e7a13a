import { type Static, Type } from "@sinclair/typebox";
import type { ActionContracts } from "../../../platform/contracts.ts";
import { Instant, object, oneOf, page, paging } from "../../../platform/schema.ts";

/** A key that tokens are signed with: its public half is in the key set. */
const Key = object(
  {
    kid: Type.String(),
    algorithm: Type.Literal("ES256"),
    state: oneOf(["next", "signs", "retired"]),
    createdAt: Instant,
    retiredAt: Type.Optional(Instant),
  },
  { $id: "Key" },
);
export type Key = Static<typeof Key>;

/** The keys that tokens are signed with. */
export const keys = {
  listKeys: {
    rest: {
      route: "GET /admin/keys",
      tag: "Administration",
      summary: "The keys that tokens are signed with",
      description: "Newest first, those that are not used any more included.",
      scopes: ["platform"],
    },
    params: object({ ...paging }),
    result: page(Key),
  },
  rotateKeys: {
    audited: { makes: "kid" },
    rest: {
      route: "POST /admin/keys/rotate",
      tag: "Administration",
      summary: "Has tokens signed with a new key",
      description:
        "It signs once all nodes know it. Tokens that were signed with the one before stay good until they end.",
      scopes: ["platform"],
    },
    params: object({}),
    result: object({ kid: Type.String(), createdAt: Instant }),
  },
} as const satisfies ActionContracts;
