import type { ServiceSchema } from "moleculer";
import { configOf } from "../platform/config.ts";
import { type DomainService, defineSchema } from "../platform/service.ts";
import { Timer } from "../platform/timer.ts";

interface WithTimers extends DomainService {
  timers: Timer[];
}

/** Work that is due by the clock: looks for it every so often. It answers how soon it wants to look again, in ms. */
export type TimedWork = (service: DomainService) => Promise<number | undefined>;

/** Runs a domain's timed work, by name, while the service runs. */
export function timers(works: Readonly<Record<string, TimedWork>>): ServiceSchema {
  return defineSchema<WithTimers>({
    created(this: WithTimers) {
      const everyMs = configOf(this.broker).pollMs;
      this.timers = Object.entries(works).map(
        ([name, work]) => new Timer({ name, everyMs, run: () => work(this), logger: this.logger as never }),
      );
    },
    async started(this: WithTimers) {
      for (const timer of this.timers) timer.start();
    },
    async stopped(this: WithTimers) {
      await Promise.all(this.timers.map((timer) => timer.stop()));
    },
  });
}
