import fc from "fast-check";
import { answerToAuthorise, answerToCapture, answerToRefund, answerToVoid, awaited } from "./answers.ts";
import {
  type Answer,
  type Command,
  decide,
  evolve,
  type Fact,
  noPayment,
  type PaymentState,
  settle,
} from "./payment.ts";

const AUTHORISE = { type: "AUTHORISE", operationId: "authorise", amount: 1_000, currency: "EUR" } as const;
const VOID = { type: "VOID", operationId: "void" } as const;
const capture = (operationId: string, amount: number) => ({ type: "CAPTURE", operationId, amount }) as const;
const refund = (operationId: string, amount: number) => ({ type: "REFUND", operationId, amount }) as const;

const said = {
  authorised: {
    type: "AUTHORISE",
    operationId: "authorise",
    outcome: { status: "AUTHORISED", authorisedUntil: "2026-01-08T00:00:00.000Z" },
  },
  declined: { type: "AUTHORISE", operationId: "authorise", outcome: { status: "DECLINED", code: "lost_card" } },
  nothing: { type: "AUTHORISE", operationId: "authorise", outcome: { status: "UNKNOWN" } },
  action: { type: "AUTHORISE", operationId: "authorise", outcome: { status: "REQUIRES_ACTION" } },
  voided: { type: "VOID", operationId: "void", outcome: { status: "VOIDED" } },
} satisfies Record<string, Answer>;
const captured = (operationId: string): Answer => ({ type: "CAPTURE", operationId, outcome: { status: "CAPTURED" } });
const refused = (operationId: string): Answer => ({
  type: "CAPTURE",
  operationId,
  outcome: { status: "REFUSED", code: "no" },
});
const refunded = (operationId: string): Answer => ({ type: "REFUND", operationId, outcome: { status: "REFUNDED" } });

function factsOf(given: Command | Answer, state: PaymentState): Fact[] {
  return "outcome" in given ? settle(given, state) : decide(given, state);
}

/** The payment after commands and answers. */
function given(...happened: (Command | Answer)[]): PaymentState {
  return happened.reduce((state, one) => factsOf(one, state).reduce(evolve, state), noPayment);
}

describe("an authorisation", () => {
  test("is asked for once", () => {
    expect(given(AUTHORISE).status).toBe("PENDING");
    expect(decide(AUTHORISE, given(AUTHORISE))).toEqual([]);
    expect(decide({ ...AUTHORISE, operationId: "another" }, given(AUTHORISE, said.authorised))).toEqual([]);
  });

  test("is answered as the provider said", () => {
    expect(answerToAuthorise(given(AUTHORISE, said.authorised))).toEqual({
      status: "AUTHORISED",
      authorisedUntil: "2026-01-08T00:00:00.000Z",
    });
    expect(answerToAuthorise(given(AUTHORISE, said.declined))).toEqual({
      status: "DECLINED",
      declineCode: "lost_card",
    });
    expect(answerToAuthorise(given(AUTHORISE, said.action))).toEqual({ status: "REQUIRES_ACTION" });
  });

  test("without an answer is unknown, never declined, and waits for one", () => {
    const state = given(AUTHORISE, said.nothing);
    expect(state.status).toBe("UNKNOWN");
    expect(answerToAuthorise(state)).toEqual({ status: "UNKNOWN" });
    expect(awaited(AUTHORISE, state)?.operationId).toBe("authorise");
    expect(given(AUTHORISE, said.nothing, said.authorised).status).toBe("AUTHORISED");
  });

  test("after a void that found nothing is refused", () => {
    const state = given(VOID, AUTHORISE);
    expect(answerToVoid(given(VOID))).toEqual({ status: "NONE" });
    expect(answerToAuthorise(state)).toEqual({ status: "VOIDED" });
    expect(awaited(AUTHORISE, state)).toBeUndefined();
  });

  test("that arrives after a void has the void to wait for", () => {
    const state = given(AUTHORISE, VOID, said.authorised);
    expect(answerToAuthorise(state)).toEqual({ status: "UNKNOWN" });
    expect(awaited(AUTHORISE, state)?.operationId).toBe("void");
    const voided = given(AUTHORISE, VOID, said.authorised, said.voided);
    expect(answerToAuthorise(voided)).toEqual({ status: "VOIDED" });
    expect(answerToVoid(voided)).toEqual({ status: "VOIDED" });
  });

  test("that was voided at the provider before its answer came stays voided", () => {
    const state = given(AUTHORISE, VOID, said.voided, said.authorised);
    expect(state).toMatchObject({ status: "VOIDED", authorised: 0 });
  });

  test("that is declined makes an open void moot", () => {
    expect(answerToVoid(given(AUTHORISE, VOID, said.declined))).toEqual({ status: "DECLINED" });
    const learnt: Answer = { type: "VOID", operationId: "void", outcome: { status: "DECLINED", code: "lost_card" } };
    expect(given(AUTHORISE, VOID, learnt)).toMatchObject({ status: "DECLINED", declineCode: "lost_card" });
  });
});

describe("a capture", () => {
  test("never takes more than is authorised, counting those under way", () => {
    const state = given(AUTHORISE, said.authorised, capture("one", 700));
    expect(answerToCapture(capture("two", 400), state)).toEqual({
      status: "CAPTURE_FAILED",
      code: "exceeds_authorised",
    });
    expect(decide(capture("two", 400), state)).toEqual([]);
    expect(decide(capture("two", 300), state)).toHaveLength(1);
  });

  test("that is refused gives its room back and keeps its answer", () => {
    const state = given(AUTHORISE, said.authorised, capture("one", 1_000), refused("one"));
    expect(state.status).toBe("CAPTURE_FAILED");
    expect(answerToCapture(capture("one", 1_000), state)).toEqual({ status: "CAPTURE_FAILED", code: "no" });
    expect(
      given(AUTHORISE, said.authorised, capture("one", 1_000), refused("one"), capture("two", 1_000), captured("two"))
        .status,
    ).toBe("CAPTURED");
  });

  test("waits while the authorisation is open, and is refused without one", () => {
    expect(answerToCapture(capture("one", 1), given(AUTHORISE))).toEqual({ status: "UNKNOWN" });
    expect(answerToCapture(capture("one", 1), noPayment)).toEqual({ status: "CAPTURE_FAILED", code: "not_authorised" });
    expect(answerToCapture(capture("one", 1), given(AUTHORISE, said.authorised, VOID))).toEqual({
      status: "CAPTURE_FAILED",
      code: "not_authorised",
    });
    expect(answerToCapture(capture("one", 0), given(AUTHORISE, said.authorised))).toEqual({
      status: "CAPTURE_FAILED",
      code: "invalid_amount",
    });
  });
});

describe("a void", () => {
  test("waits for a capture under way and is too late after it", () => {
    const open = given(AUTHORISE, said.authorised, capture("one", 1_000), VOID);
    expect(answerToVoid(open)).toEqual({ status: "UNKNOWN" });
    expect(awaited(VOID, open)?.operationId).toBe("one");
    // Asked for both, the provider alone would decide whether goods that have left are paid for.
    expect(decide(VOID, open)).toEqual([]);
    expect(answerToVoid(given(AUTHORISE, said.authorised, capture("one", 1_000), VOID, captured("one"), VOID))).toEqual(
      { status: "CAPTURED" },
    );
    expect(
      given(AUTHORISE, said.authorised, capture("one", 1_000), VOID, refused("one"), VOID, said.voided).status,
    ).toBe("VOIDED");
  });

  test("that the provider finds too late is answered so", () => {
    const late: Answer = { type: "VOID", operationId: "void", outcome: { status: "CAPTURED" } };
    expect(answerToVoid(given(AUTHORISE, said.authorised, VOID, late))).toEqual({ status: "CAPTURED" });
  });

  test("is done once, whatever its operation", () => {
    const state = given(AUTHORISE, said.authorised, VOID, { ...VOID, operationId: "again" }, said.voided);
    expect(state.operations.filter((operation) => operation.type === "VOID")).toHaveLength(1);
    expect(answerToVoid(state)).toEqual({ status: "VOIDED" });
  });
});

describe("a refund", () => {
  const paid = [AUTHORISE, said.authorised, capture("one", 1_000), captured("one")];

  test("never gives back more than was captured, counting those under way", () => {
    const state = given(...paid, refund("a", 600));
    expect(answerToRefund(refund("b", 500), state)).toEqual({ status: "REFUSED" });
    expect(given(...paid, refund("a", 600), refunded("a"))).toMatchObject({
      status: "PARTIALLY_REFUNDED",
      refunded: 600,
    });
    expect(given(...paid, refund("a", 600), refunded("a"), refund("b", 400), refunded("b")).status).toBe("REFUNDED");
  });

  test("that the provider refuses changes nothing", () => {
    const no: Answer = { type: "REFUND", operationId: "a", outcome: { status: "REFUSED", code: "no" } };
    const state = given(...paid, refund("a", 600), no);
    expect(state).toMatchObject({ status: "CAPTURED", refunded: 0 });
    expect(answerToRefund(refund("a", 600), state)).toEqual({ status: "REFUSED" });
  });
});

/** A bank that does each operation once and keeps its own books; `card` says what it makes of the buyer. */
class Bank {
  readonly card: "good" | "bad" | "slow" | "uncapturable";
  authorised = 0;
  voided = false;
  captured = 0;
  refunded = 0;
  readonly #done = new Map<string, Answer>();

  constructor(card: Bank["card"]) {
    this.card = card;
  }

  get held(): number {
    return this.voided ? 0 : this.authorised - this.captured;
  }

  ask(operation: PaymentState["operations"][number]): Answer {
    const before = this.#done.get(operation.operationId);
    if (before) return before;
    const answer = this.#do(operation);
    this.#done.set(operation.operationId, answer);
    return answer;
  }

  #do({ type, operationId, amount }: PaymentState["operations"][number]): Answer {
    switch (type) {
      case "AUTHORISE":
        if (this.voided) return { type, operationId, outcome: { status: "VOIDED" } };
        if (this.card === "bad") return { type, operationId, outcome: { status: "DECLINED", code: "no" } };
        this.authorised = amount;
        return { type, operationId, outcome: { status: "AUTHORISED" } };
      case "CAPTURE":
        if (this.card === "uncapturable" || this.voided)
          return { type, operationId, outcome: { status: "REFUSED", code: "no" } };
        this.captured += amount;
        return { type, operationId, outcome: { status: "CAPTURED" } };
      case "VOID":
        if (this.captured > 0) return { type, operationId, outcome: { status: "CAPTURED" } };
        if (this.card === "bad" && !this.voided && this.#done.has("authorise")) {
          return { type, operationId, outcome: { status: "DECLINED", code: "no" } };
        }
        this.voided = true;
        return { type, operationId, outcome: { status: "VOIDED" } };
      case "REFUND":
        this.refunded += amount;
        return { type, operationId, outcome: { status: "REFUNDED" } };
    }
  }
}

const amount = fc.integer({ min: 0, max: 1_200 });
const name = fc.constantFrom("a", "b", "c");
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.constant(AUTHORISE),
  fc.record({ type: fc.constant("CAPTURE" as const), operationId: name.map((n) => `capture:${n}`), amount }),
  fc.record({ type: fc.constant("VOID" as const), operationId: name.map((n) => `void:${n}`) }),
  fc.record({ type: fc.constant("REFUND" as const), operationId: name.map((n) => `refund:${n}`), amount }),
);
/** A command; or an operation under way that reaches the bank, whose answer comes at once, late, twice or never. */
const step = fc.oneof(
  command,
  fc.record({ reaches: fc.nat(5), answer: fc.constantFrom("now", "late", "twice", "never") }),
  fc.constant("a late answer arrives" as const),
);

test("whatever is asked and however answers come, sums are bounded, operations happen once and agree with the bank", () => {
  fc.assert(
    fc.property(fc.constantFrom("good", "bad", "uncapturable"), fc.array(step, { maxLength: 40 }), (card, steps) => {
      const bank = new Bank(card);
      const late: Answer[] = [];
      let state = noPayment;
      const happen = (one: Command | Answer) => {
        state = factsOf(one, state).reduce(evolve, state);
        // Given again, it changes nothing more.
        expect(factsOf(one, state)).toEqual([]);
        expect(0 <= state.refunded && state.refunded <= state.captured).toBe(true);
        expect(state.captured <= state.authorised && state.authorised <= state.amount).toBe(true);
        expect(new Set(state.operations.map((operation) => operation.operationId)).size).toBe(state.operations.length);
        for (const [type, sum] of [
          ["CAPTURE", state.captured],
          ["REFUND", state.refunded],
        ] as const) {
          const done = state.operations.filter((operation) => operation.type === type && operation.state === "DONE");
          expect(done.reduce((total, operation) => total + operation.amount, 0)).toBe(sum);
        }
        if (state.status === "VOIDED")
          expect({ held: bank.held, captured: state.captured }).toEqual({ held: 0, captured: 0 });
      };
      const open = () => state.operations.filter((operation) => operation.state === "PENDING");
      for (const one of steps) {
        if (one === "a late answer arrives") {
          const answer = late.shift();
          if (answer) happen(answer);
        } else if ("reaches" in one) {
          const operation = open()[one.reaches];
          if (!operation) continue;
          const answer = bank.ask(operation);
          if (one.answer === "late") late.push(answer);
          if (one.answer === "now" || one.answer === "twice") happen(answer);
          if (one.answer === "twice") happen(answer);
          if (one.answer === "never") happen({ ...answer, outcome: { status: "UNKNOWN" } } as Answer);
        } else {
          happen(one);
        }
      }
      // Asked again until all is definite, both books say the same.
      for (let left = open(); left.length > 0; left = open()) happen(bank.ask(left[0] as (typeof left)[number]));
      for (const answer of late) happen(answer);
      expect({ captured: state.captured, refunded: state.refunded }).toEqual({
        captured: bank.captured,
        refunded: bank.refunded,
      });
      if (state.voidRequested) expect({ held: bank.held, captured: bank.captured }).toEqual({ held: 0, captured: 0 });
      if (state.status === "DECLINED") expect(bank.held).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});
