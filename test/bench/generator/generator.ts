import { answer, usage } from "../answering.ts";
import type { Plan } from "./load.ts";
import { ClosedLoop, type Loop, OpenLoop } from "./loops.ts";
import type { MakeRequests, NextRequest } from "./requests.ts";
import { Samples } from "./samples.ts";

/** The load generator: a process that does nothing else. */
let loop: Loop | undefined;
let samples = new Samples();

async function start({ target, requests, pace }: Plan): Promise<void> {
  const { makeRequests } = (await import(`./requests/${requests.name}.ts`)) as { makeRequests: MakeRequests<unknown> };
  const next: NextRequest = makeRequests(target, requests.options);
  samples = new Samples();
  const urls = target.urls ?? [target.url];
  loop =
    pace.kind === "closed"
      ? new ClosedLoop(urls, next, samples, pace.connections, pace.limit ?? Number.POSITIVE_INFINITY)
      : new OpenLoop(urls, next, samples, pace.perSecond, pace.connections);
}

answer({
  start,
  begin: () => samples.begin(),
  end: () => samples.end(),
  allow: (more: number) => (loop as ClosedLoop).allow(more),
  settled: () => loop?.settled(),
  stop: async () => {
    await loop?.stop();
    return samples.statuses;
  },
  usage,
});
