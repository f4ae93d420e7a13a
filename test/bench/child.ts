import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import { START_FLAGS } from "../../scripts/node-flags.ts";

/** What the runner sends to a process of its own, and what comes back. */
export interface Asked {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
export type Said =
  | { readonly ready: true }
  | { readonly id: number; readonly result?: unknown; readonly error?: string };

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** A process of the bench, asked over IPC. It ends when it is stopped, or when the runner is gone. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<string>;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  private constructor(child: ChildProcess, ended: Promise<string>) {
    this.#process = child;
    this.#ended = ended;
  }

  /**
   * Starts a script of `test/bench` and waits until it answers.
   *
   * @param output the file descriptor that its standard output goes to; ours when left out
   */
  static async start(script: string, env: Readonly<Record<string, string>> = {}, output?: number): Promise<Child> {
    const process_ = fork(path.join(import.meta.dirname, script), {
      // As `npm start` has them: the baselines too, which gain as much.
      execArgv: START_FLAGS,
      env: { PATH: process.env.PATH ?? "", ...env },
      stdio: ["ignore", output ?? "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    const ended = new Promise<string>((resolve) =>
      process_.once("exit", (code, signal) => resolve(`${script} ended with ${signal ?? code}`)),
    );
    const child = new Child(process_, ended);
    const ready = new Promise<void>((resolve) => process_.on("message", (said: Said) => child.#take(said, resolve)));
    await Promise.race([ready, child.#failure()]);
    void ended.then((how) => {
      for (const { reject } of child.#waiting.values()) reject(new Error(how));
    });
    return child;
  }

  async #failure(): Promise<never> {
    throw new Error(await this.#ended);
  }

  #take(said: Said, ready: () => void): void {
    if ("ready" in said) {
      ready();
      return;
    }
    const waiting = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    if (said.error === undefined) waiting?.resolve(said.result as never);
    else waiting?.reject(new Error(said.error));
  }

  /** Has the process do something and answers what came of it. */
  ask<T>(name: string, argument?: unknown): Promise<T> {
    const id = ++this.#asked;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#process.send({ id, name, argument } satisfies Asked, (error) => error && reject(error));
    });
  }

  /** Lets the process end what it has begun, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 20_000);
    await this.#ended;
    clearTimeout(late);
  }
}
