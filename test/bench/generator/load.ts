import { Child } from "../child.ts";
import type { WindowSummary } from "./samples.ts";

/** Where requests go: to one of the addresses after the other, where there are several. */
export interface Target {
  readonly url: string;
  readonly urls?: readonly string[];
  readonly token?: string;
}

/** What the generator is to do. */
export interface Plan {
  readonly target: Target;
  /** A module of `requests/` and what it is given. */
  readonly requests: { readonly name: string; readonly options: unknown };
  readonly pace: Closed | Open;
}

/** So many in flight all the time; no more than `limit` in all until `allow` says otherwise. */
export interface Closed {
  readonly kind: "closed";
  readonly connections: number;
  readonly limit?: number;
}

/** A fixed rate whatever the answers take, on so many connections at most. */
export interface Open {
  readonly kind: "open";
  readonly perSecond: number;
  readonly connections: number;
}

/** A running load, seen from the runner. */
export class Load {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(plan: Plan): Promise<Load> {
    const child = await Child.start("generator/generator.ts");
    // Alone what is asked for: a target may be more than its address.
    const { url, urls = [url], token } = plan.target;
    await child.ask("start", { ...plan, target: { url, urls, ...(token !== undefined && { token }) } });
    return new Load(child);
  }

  /** Begins a window. */
  begin(): Promise<void> {
    return this.child.ask("begin");
  }

  /** What was answered since the window began, or since the start. */
  end(): Promise<WindowSummary> {
    return this.child.ask("end");
  }

  /** Of a closed loop: lets so many requests be in flight or follow from now on, and then no more. */
  allow(more: number): Promise<void> {
    return this.child.ask("allow", more);
  }

  /** Waits for a moment at which nothing is in flight. */
  settled(): Promise<void> {
    return this.child.ask("settled");
  }

  /** Sends nothing new and waits for the last answer. Answers how many there were in all, by status. */
  stop(): Promise<Readonly<Record<number, number>>> {
    return this.child.ask("stop");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.child[Symbol.asyncDispose]();
  }
}
