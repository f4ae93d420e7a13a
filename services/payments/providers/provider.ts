import type { DomainService } from "../../../platform/service.ts";
import type { Timer } from "../../../platform/timer.ts";
import type { Outcomes } from "../payment.ts";

/** Who asks, by the id under which it is done once: asked again under it, a provider answers and does nothing more. */
interface Asked {
  readonly operationId: string;
}

/** Something done to what was authorised under another operation. */
export interface OnAuthorisation extends Asked {
  readonly authorisation: string;
}

/**
 * A payment provider, one item a call, as they are. Amounts are minor units. It answers what is definite; when it
 * can not say it throws, and is asked later by `lookup`.
 */
export interface PaymentProvider {
  readonly name: string;
  /** How many calls it takes at a time from one set of commands; absent when it is as others. */
  readonly concurrency?: number;
  authorise(request: Asked & { amount: number; currency: string; token: string }): Promise<Outcomes["AUTHORISE"]>;
  capture(request: OnAuthorisation & { amount: number; currency: string }): Promise<Outcomes["CAPTURE"]>;
  /**
   * Ends an authorisation, also one that the provider has not seen: if it turns up later it is refused. A provider
   * that can not promise this throws until it has seen it.
   */
  void(request: OnAuthorisation): Promise<Outcomes["VOID"]>;
  refund(request: OnAuthorisation & { amount: number; currency: string }): Promise<Outcomes["REFUND"]>;
  /** What became of an operation. PENDING: it is being worked on. NONE: it was never seen, and may be asked for. */
  lookup<T extends "AUTHORISE" | "CAPTURE" | "REFUND">(
    type: T,
    operationId: string,
  ): Promise<Outcomes[T] | { readonly status: "PENDING" } | { readonly status: "NONE" }>;
}

/** The provider did not answer in time; what was asked may have been done. */
export class ProviderTimeout extends Error {
  override name = "ProviderTimeout";
}

/** The provider did not take the request. */
export class ProviderUnavailable extends Error {
  override name = "ProviderUnavailable";
}

/** The payments service, as its handlers see it. */
export interface PaymentsService extends DomainService {
  readonly provider: PaymentProvider;
  /** Tells the orders of their refunds. */
  readonly telling: Timer;
}
