import type { Asked, Said } from "./child.ts";

/** What a process of the bench can be asked, by name. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/** Answers the runner, and ends this process when the runner lets go of it. */
export function answer(answers: Answers, end: () => Promise<unknown> = async () => {}): void {
  const say = (said: Said) => process.send?.(said);
  process.on("message", ({ id, name, argument }: Asked) => {
    const handle = async () => answers[name]?.(argument as never);
    handle().then(
      (result) => say({ id, result }),
      (error: Error) => say({ id, error: error.stack ?? error.message }),
    );
  });
  process.on("disconnect", () => {
    // What it needs for an orderly end may be gone with the runner.
    setTimeout(() => process.exit(1), 15_000).unref();
    void end().finally(() => process.exit());
  });
  say({ ready: true });
}

/** What this process has used since it began. */
export interface Usage {
  readonly cpuMicros: number;
  /** The most memory it has had. */
  readonly maxRssBytes: number;
}

export function usage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMicros: userCPUTime + systemCPUTime, maxRssBytes: maxRSS * 1_024 };
}
