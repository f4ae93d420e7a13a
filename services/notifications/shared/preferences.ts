import type { Ctx, Identity } from "../../../platform/service.ts";
import { MEDIA, MESSAGE_TYPES } from "../contract.ts";
import type { CustomerKey, Preference } from "../preference-repository.ts";
import { isWantedByDefault } from "./wanted.ts";

/** The customer whose token it is; the routes that ask for it let no other token in. */
export function ownCustomer(ctx: Ctx): CustomerKey {
  const { tenant, customer } = ctx.meta.identity as Identity;
  return { tenant, customer: customer as string };
}

/** All that a customer can want, with what they have said, or else what holds for those who say nothing. */
export function allPreferences(said: readonly Preference[]): { items: Preference[] } {
  const enabled = new Map(said.map((one) => [`${one.type} ${one.medium}`, one.enabled]));
  return {
    items: MESSAGE_TYPES.flatMap((type) =>
      MEDIA.map((medium) => ({ type, medium, enabled: enabled.get(`${type} ${medium}`) ?? isWantedByDefault(medium) })),
    ),
  };
}
