import type { Logger } from "./logger.ts";
import { Rest } from "./rest.ts";

export interface TimerOptions {
  /** What it does, for the log: "expired reservations". */
  readonly name: string;
  /** The pause between two runs, in ms. Each is jittered, so that nodes started together do not stay in step. */
  readonly everyMs: number;
  /**
   * The work. It may answer how soon it wants to run again, in ms, when that is sooner than the pause: 0 when it left
   * something undone, the time to the next due row when it knows that.
   */
  readonly run: () => Promise<number | undefined>;
  readonly logger: Pick<Logger, "warn">;
}

const LONGEST_BACK_OFF_MS = 5_000;

/**
 * Runs something every so often until it is stopped, never twice at a time. What is due lives in rows, so a run that
 * fails is only late: it is logged and tried again, after pauses that grow.
 */
export class Timer {
  readonly #options: TimerOptions;
  #running: Promise<void> | undefined;
  #awake = false;
  #stopping = false;
  readonly #rest = new Rest();
  #backingOff = false;

  constructor(options: TimerOptions) {
    this.#options = options;
  }

  /** Runs for the first time at once. */
  start(): void {
    this.#running ??= this.#loop();
  }

  /**
   * Something is due: run now, or once more after the run in hand. It does not cut a back-off short, or requests that
   * wake the timer of a broken database would make it hammer on it.
   */
  wake(): void {
    this.#awake = true;
    if (!this.#backingOff) this.#rest.end();
  }

  /** Ends when the run in hand has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#rest.end();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { name, everyMs, run, logger } = this.#options;
    let failures = 0;
    while (!this.#stopping) {
      this.#awake = false;
      try {
        const soon = await run();
        failures = 0;
        const pause = everyMs * (0.75 + Math.random() / 2);
        await this.#pause(Math.min(pause, Math.max(0, soon ?? pause)));
      } catch (error) {
        failures++;
        logger.warn({ err: error, timer: name, failures }, "a timer's run has failed and is tried again");
        this.#backingOff = true;
        await this.#pause(Math.min(LONGEST_BACK_OFF_MS, 50 * 2 ** failures) * (0.5 + Math.random() / 2));
        this.#backingOff = false;
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    if (this.#stopping || milliseconds === 0 || (this.#awake && !this.#backingOff)) return;
    await this.#rest.for(milliseconds);
  }
}
