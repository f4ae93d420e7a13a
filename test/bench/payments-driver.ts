import type { ServiceBroker } from "moleculer";
import { newId } from "../../platform/ids.ts";
import { serviceContext } from "../../platform/service.ts";
import { Samples } from "./generator/samples.ts";
import { TENANT } from "./shop.ts";

/** What the payments made here are of, in cents: what is authorised and captured, and what is given back. */
export const AMOUNT = 2_500;
export const REFUND = 1_000;
/** Of every so many the last is voided instead of captured. */
const VOIDED_EVERY = 10;

/** How many payments were made, by what became of them. */
export interface Paid {
  readonly refunded: number;
  readonly voided: number;
  /** Of the first call that went wrong; then nothing counts. */
  readonly problem?: string;
}

type Call = "authorise" | "capture" | "refund" | "void";

/** How many payments are made at a time: so many calls, each with so many payments. */
export interface Paying {
  readonly calls: number;
  readonly set: number;
}

/**
 * Makes payments by calls of the payments' actions: no route leads to them. It runs in the platform's process, as the
 * order process does that calls them.
 */
export class PaymentsDriver {
  readonly #broker: ServiceBroker;
  readonly #samples = new Samples();
  #paid: { refunded: number; voided: number; problem?: string } = { refunded: 0, voided: 0 };
  #made = 0;
  #stopping = false;
  #workers: Promise<unknown> = Promise.resolve();

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** What the runner may ask. */
  get answers() {
    return {
      startPaying: ({ calls, set }: Paying) => {
        this.#workers = Promise.all(Array.from({ length: calls }, () => this.#work(set)));
      },
      beginPaying: () => this.#samples.begin(),
      endPaying: () => this.#samples.end(),
      stopPaying: async (): Promise<Paid> => {
        this.#stopping = true;
        await this.#workers;
        return this.#paid;
      },
    };
  }

  async #work(set: number): Promise<void> {
    try {
      while (!this.#stopping) await this.#pay(set, ++this.#made % VOIDED_EVERY === 0);
    } catch (error) {
      this.#stopping = true;
      this.#paid.problem ??= (error as Error).message;
    }
  }

  async #pay(set: number, isVoided: boolean): Promise<void> {
    const orders = Array.from({ length: set }, newId);
    const card = { amount: AMOUNT, currency: "EUR", token: "pm_card_visa" };
    await this.#call("authorise", orders, card, "AUTHORISED");
    if (isVoided) {
      await this.#call("void", orders, {}, "VOIDED");
      this.#paid.voided += set;
      return;
    }
    await this.#call("capture", orders, { amount: AMOUNT }, "CAPTURED");
    await this.#call("refund", orders, { amount: REFUND }, "REFUNDED");
    this.#paid.refunded += set;
  }

  async #call(call: Call, orders: readonly string[], more: object, expected: string): Promise<void> {
    const since = performance.now();
    const requests = orders.map((orderId) => ({
      ...{ tenant: TENANT, orderId, operationId: `${orderId}:${call}` },
      ...more,
    }));
    // By the work of orders, which alone may ask for money.
    const ctx = serviceContext(this.#broker.getLocalService("orders"));
    const answers: { status: string }[] = await ctx.call(`payments.${call}`, { requests });
    const took = performance.now() - since;
    for (const { status } of answers) {
      if (status !== expected) throw new Error(`${call} was answered ${status}`);
      this.#samples.add(call, 200, took);
    }
  }
}
