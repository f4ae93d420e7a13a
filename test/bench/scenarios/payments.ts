import type { WindowSummary } from "../generator/samples.ts";
import { measureWindow } from "../measure.ts";
import { AMOUNT, type Paid, type Paying, REFUND } from "../payments-driver.ts";
import { Platform } from "../platform.ts";
import { type Bench, type Figures, Refused, type Scenario } from "../scenario.ts";

async function pay(bench: Bench, paying: Paying): Promise<Figures> {
  await using platform = await Platform.start(bench);
  const [node] = platform.parts.nodes;
  if (!node) throw new Refused("there is no platform");
  await node.ask("startPaying", paying);
  const source = {
    begin: () => node.ask<void>("beginPaying"),
    end: () => node.ask<WindowSummary>("endPaying"),
  };
  const { window, figures } = await measureWindow(bench, source, { server: bench.server, ...platform.parts }, 200);
  const paid = await node.ask<Paid>("stopPaying");
  await platform.rest();
  await assertPaid(platform, paid);
  const { authorise, capture, refund, void: voided } = window.kinds;
  return {
    ...figures,
    ...(authorise && { authoriseP99: authorise.p99 }),
    ...(capture && { captureP99: capture.p99 }),
    ...(refund && { refundP99: refund.p99 }),
    ...(voided && { voidP99: voided.p99 }),
  };
}

/** Refuses the run unless the ledger says to the cent what was answered. */
async function assertPaid({ database }: Platform, { refunded, voided, problem }: Paid): Promise<void> {
  if (problem !== undefined) throw new Refused(problem);
  const { rows } = await database.owner.query<Record<string, number>>(
    `select count(*) filter (where status = 'PARTIALLY_REFUNDED')::int as refunded,
       count(*) filter (where status = 'VOIDED')::int as voided, count(*)::int as payments,
       sum(captured)::float8 as "sumCaptured", sum(payments.refunded)::float8 as "sumRefunded",
       (select count(*)::int from payments.entries) as entries
     from payments.payments`,
  );
  const expected = {
    ...{ refunded, voided, payments: refunded + voided },
    ...{ sumCaptured: refunded * AMOUNT, sumRefunded: refunded * REFUND },
    entries: 3 * refunded + 2 * voided,
  };
  const found = JSON.stringify(rows[0]);
  if (found !== JSON.stringify(expected)) throw new Refused(`not ${JSON.stringify(expected)} but ${found}`);
}

export const scenario: Scenario = {
  name: "payments",
  what: "authorise, capture, refund a part; one in ten voided; 32 in flight; an operation is one step of a payment",
  sides: [
    {
      name: "16 payments a call, as the order process calls",
      against: "one payment a call",
      run: (bench) => pay(bench, { calls: 2, set: 16 }),
    },
    { name: "one payment a call", run: (bench) => pay(bench, { calls: 32, set: 1 }) },
  ],
};
