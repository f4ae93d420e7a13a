import type { Instant } from "../../platform/clock.ts";

/** That an endpoint of a tenant's is not called any more, as it is kept until the tenant was told. */
export interface Notice {
  /** The event's: the same at every attempt. */
  readonly id: string;
  readonly tenant: string;
  readonly endpointId: string;
  /** It has answered 410, or nothing but failures for days. */
  readonly reason: "GONE" | "FAILING";
  /** Of the latter: since when. */
  readonly failingSince: Instant | null;
  /** How often the medium has failed to take it. */
  readonly attempts: number;
}
