import type { Logger } from "../../../platform/logger.ts";
import { awaited } from "../answers.ts";
import {
  type Answer,
  authorisation,
  type Command,
  decide,
  evolve,
  type Fact,
  type Operation,
  type PaymentState,
  settle,
} from "../payment.ts";
import { type PaymentProvider, ProviderTimeout } from "../providers/provider.ts";

export interface PaymentRequest<C extends Command = Command> {
  readonly tenant: string;
  readonly orderId: string;
  readonly command: C;
  /** For an authorisation: the provider's name for the buyer's card. */
  readonly token?: string;
}

/** What has to be known of a payment. */
interface Payment {
  readonly id: string;
  readonly token: string | null;
  readonly state: PaymentState;
}

/** A payment as it was before a change and as it is after it. */
export interface Changed<P extends Payment = Payment> {
  readonly payment: P;
  readonly before: PaymentState;
}

/**
 * Keeps what `facts` says of each payment, as it is when that is written, and answers them in the order asked. `seen` is
 * what was answered before: it need not be read again where nobody has changed it since.
 */
export type Change<P extends Payment = Payment> = (
  requests: readonly PaymentRequest[],
  facts: (request: PaymentRequest, state: PaymentState) => Fact[],
  seen?: readonly Changed<P>[],
) => Promise<Changed<P>[]>;

export interface Limits {
  /** Calls to the provider at a time, for one set, where it does not say how many it takes. */
  readonly concurrency: number;
  /** How long one call may take, in ms. */
  readonly callMs: number;
  /** After this nothing more of the set is asked, in ms: the caller must hear of it before it gives up. */
  readonly setMs: number;
}

export const defaultLimits: Limits = { concurrency: 32, callMs: 8_000, setMs: 15_000 };

/** What to ask the provider: an operation, and what belongs to it. `fresh`: no other call can have asked it before. */
interface Ask {
  readonly operation: Operation;
  readonly fresh: boolean;
  readonly payment: Changed["payment"];
}

/**
 * Does commands at the provider: their intents are committed first, then it is asked outside any transaction, then
 * its answers are committed. After a crash in between the intent is found and the provider asked what became of it.
 * What it does not answer stays open. Answers each request's payment.
 */
export async function carryOut<P extends Payment>(
  provider: PaymentProvider,
  requests: readonly PaymentRequest[],
  change: Change<P>,
  logger: Pick<Logger, "warn">,
  limits: Limits = defaultLimits,
): Promise<Changed<P>[]> {
  const until = Date.now() + limits.setMs;
  const asked = new Map<string, Ask>();
  let changed = await change(requests, ({ command }, state) => decide(command, state));
  for (;;) {
    const asks = asksOf(requests, changed).filter((ask) => !asked.has(ask.operation.operationId));
    if (asks.length === 0) return changed;
    for (const ask of asks) asked.set(ask.operation.operationId, ask);
    const answers = new Map<string, Answer>();
    await eachOf(asks, provider.concurrency ?? limits.concurrency, async (ask) => {
      const answer = await answerOf(provider, ask, until, limits.callMs, logger);
      answers.set(answer.operationId, answer);
    });
    // What an answer changes may let the command go on: a failed capture lets a void, a late authorisation needs one.
    changed = await change(requests, ({ command }, state) => factsOf(command, state, answers), changed);
  }
}

function factsOf(command: Command, state: PaymentState, answers: ReadonlyMap<string, Answer>): Fact[] {
  const facts: Fact[] = [];
  let now = state;
  const happen = (more: readonly Fact[]) => {
    facts.push(...more);
    now = more.reduce(evolve, now);
  };
  for (const { operationId } of state.operations) {
    const answer = answers.get(operationId);
    if (answer) happen(settle(answer, now));
  }
  happen(decide(command, now));
  return facts;
}

function asksOf(requests: readonly PaymentRequest[], changed: readonly Changed[]): Ask[] {
  const asks = new Map<string, Ask>();
  requests.forEach(({ command }, i) => {
    const { payment, before } = changed[i] as Changed;
    const operation = awaited(command, payment.state);
    if (!operation) return;
    const fresh = !before.operations.some((one) => one.operationId === operation.operationId);
    asks.set(operation.operationId, { operation, fresh, payment });
  });
  return [...asks.values()];
}

async function answerOf(
  provider: PaymentProvider,
  ask: Ask,
  until: number,
  callMs: number,
  logger: Pick<Logger, "warn">,
): Promise<Answer> {
  const { type, operationId } = ask.operation;
  const left = Math.min(callMs, until - Date.now());
  try {
    if (left <= 0) throw new ProviderTimeout("the time for this set is over");
    return await within(left, askProvider(provider, ask));
  } catch (error) {
    logger.warn({ err: error, provider: provider.name, operationId }, "the provider gave no answer");
    return { type, operationId, outcome: { status: "UNKNOWN" } };
  }
}

async function askProvider(provider: PaymentProvider, { operation, fresh, payment }: Ask): Promise<Answer> {
  const { type, operationId, amount } = operation;
  const { currency } = payment.state;
  const on = { operationId, authorisation: authorisation(payment.state)?.operationId ?? operationId };
  if (type === "VOID") return { type, operationId, outcome: await provider.void(on) };
  if (!fresh) {
    const known = await provider.lookup(type, operationId);
    if (known.status === "PENDING") return { type, operationId, outcome: { status: "UNKNOWN" } };
    if (known.status !== "NONE") return { type, operationId, outcome: known } as Answer;
  }
  switch (type) {
    case "AUTHORISE": {
      if (payment.token === null) throw new Error("the token of an open authorisation is gone");
      return {
        type,
        operationId,
        outcome: await provider.authorise({ operationId, amount, currency, token: payment.token }),
      };
    }
    case "CAPTURE":
      return { type, operationId, outcome: await provider.capture({ ...on, amount, currency }) };
    case "REFUND":
      return { type, operationId, outcome: await provider.refund({ ...on, amount, currency }) };
    default:
      return unreachable(type);
  }
}

/** Rejects when the time is over. What was asked may still be done: its outcome is looked up later. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timeout: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => reject(new ProviderTimeout(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timeout);
  }
}

/** Does the work for each item, so many at a time. */
async function eachOf<I>(items: readonly I[], concurrency: number, work: (item: I) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}

function unreachable(never: never): never {
  throw new Error(`not known: ${JSON.stringify(never)}`);
}
