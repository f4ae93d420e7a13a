import { DataDirInUse } from "../platform/embedded-postgres.ts";

/** A stop takes no longer than this, whatever hangs. What is not done then is done at the next start. */
export const STOP_MS = 12_000;

/**
 * A signal that comes again so soon, in ms, is the same one: the terminal sends Ctrl-C to npm and to us, and npm hands
 * it on.
 */
const SAME_SIGNAL_MS = 250;

/** How a program comes to its end. */
export interface Lifecycle {
  /** Aborted as soon as it is to stop. */
  readonly stopping: AbortSignal;
  /** Gives back what is held and exits with the code. Asked a second time it leaves at once. */
  stop(code: number): void;
}

/**
 * Stops this process when it is told to, by SIGINT or SIGTERM or by `stop`.
 *
 * @param release gives back what is held
 * @param leave does what has to be done at once when there is no more time
 */
export function stopOnSignals(release: () => Promise<unknown>, leave = () => {}, stopMs = STOP_MS): Lifecycle {
  const stopping = new AbortController();
  const exit = (code: number): never => {
    leave();
    process.exit(code);
  };
  const stop = (code: number): void => {
    if (stopping.signal.aborted) exit(code || 130);
    stopping.abort();
    setTimeout(() => exit(code || 1), stopMs).unref();
    void release().finally(() => process.exit(code));
  };
  let heardAt = Number.NEGATIVE_INFINITY;
  const hear = () => {
    const now = performance.now();
    if (now - heardAt >= SAME_SIGNAL_MS) stop(0);
    heardAt = now;
  };
  process.on("SIGINT", hear);
  process.on("SIGTERM", hear);
  return { stop, stopping: stopping.signal };
}

/** What a person is told of an error that has ended a program. */
export function explain(error: unknown): string {
  if (error instanceof DataDirInUse) return error.message;
  if (!(error instanceof Error)) return String(error);
  return process.env.LOG_LEVEL === "debug" ? (error.stack ?? error.message) : error.message;
}
