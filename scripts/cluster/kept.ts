import { setTimeout as sleep } from "node:timers/promises";

/** As long as an orchestrator would leave it down, in ms; nothing is started more often than that. */
const RESTART_MS = 1_000;

/** A process that runs. */
export interface Spawned {
  readonly pid: number;
  /** Why it has ended, once it has: an exit code or a signal. */
  readonly ended: Promise<string>;
  /** Tells it to end and waits until it has; bounded. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a process: tells of it as soon as there is one, resolves when it is ready, throws when it ends before. */
export type Launch = (spawned: (process: Spawned) => void) => Promise<void>;

export interface KeptOptions {
  readonly name: string;
  readonly launch: Launch;
  /** Told what an operator may want to know, in a line. */
  readonly report: (line: string) => void;
  /** Told when there is a process, and when there is none any more. */
  readonly changed: () => void;
}

/** One process of the cluster, which is started again a second after it has ended, as an orchestrator would. */
export class Kept {
  readonly name: string;
  readonly #options: KeptOptions;
  readonly #stopping = new AbortController();
  #process: Spawned | undefined;
  #launching: Promise<unknown> | undefined;
  #keeping: Promise<void> | undefined;

  constructor(options: KeptOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Of the process that runs, undefined while none does. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it for the first time and waits until it is ready; throws when that fails. */
  async start(): Promise<void> {
    const process = await this.#launch();
    this.#keeping = this.#keep(process);
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop();
    // It may have been about to come back.
    await Promise.allSettled([this.#launching]);
    await this.#process?.stop();
    await this.#keeping;
  }

  /** Ends it for good, and at once. */
  kill(): void {
    this.#stopping.abort();
    this.#process?.kill();
  }

  async #keep(first: Spawned): Promise<void> {
    const { signal } = this.#stopping;
    const { name, report } = this.#options;
    let process: Spawned | undefined = first;
    for (;;) {
      const why = await process?.ended;
      if (signal.aborted) return;
      if (process) report(`${name} (process ${process.pid}) has ended: ${why}. It is started again in a second.`);
      await sleep(RESTART_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      process = await this.#launch().catch((error: Error) => {
        if (!signal.aborted) report(`${name} did not start and is tried again in a second: ${error.message}`);
        return undefined;
      });
      if (process && !signal.aborted) report(`${name} is back (process ${process.pid}).`);
    }
  }

  async #launch(): Promise<Spawned> {
    this.#stopping.signal.throwIfAborted();
    let spawned: Spawned | undefined;
    this.#launching = this.#options.launch((process) => {
      spawned = process;
      this.#process = process;
      this.#options.changed();
      void process.ended.then(() => {
        this.#process = undefined;
        this.#options.changed();
      });
    });
    await this.#launching;
    return spawned as unknown as Spawned;
  }
}
