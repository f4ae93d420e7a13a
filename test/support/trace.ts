import { AsyncLocalStorage } from "node:async_hooks";
import type { Server } from "node:http";
import pg from "pg";
import type { TestPlatform } from "./platform.ts";

type Function = (this: unknown, ...args: unknown[]) => unknown;

/**
 * What requests to a platform have it do: the actions that are called for them and the statements that are sent to
 * PostgreSQL, by their names, without values. Two requests with the same work differ in time by nothing that they do. On
 * a cluster it is the gateway's part alone: the bus does not carry for whom it is.
 */
export class Trace {
  readonly #work = new AsyncLocalStorage<string[]>();
  #next: string[] = [];

  /** Begins to trace, until the mocks of the test are restored. */
  constructor(platform: TestPlatform) {
    const gateway = platform.node("api");
    const { server } = gateway.getLocalService("api") as unknown as { server: Server };
    this.#around(server, "emit", (emit) => this.#work.run(this.#next, emit));
    this.#around(gateway, "call", (call, action) => this.#noted(`call ${action}`, call));
    this.#around(pg.Client.prototype, "query", (query, statement) => this.#noted(nameOf(statement), query));
  }

  /** Sends one request, no other at the same time. Its work goes on for a moment after the answer. */
  async of<T>(send: () => Promise<T>): Promise<{ readonly answer: T; readonly work: readonly string[] }> {
    const work: string[] = [];
    this.#next = work;
    const answer = await send();
    this.#next = [];
    return { answer, work };
  }

  #noted(name: string, go: () => unknown): unknown {
    this.#work.getStore()?.push(name);
    return go();
  }

  #around(object: object, method: string, run: (go: () => unknown, first: unknown) => unknown): void {
    const methods = object as Record<string, Function>;
    const original = methods[method] as Function;
    jest.spyOn(methods, method).mockImplementation(function (this: unknown, ...args) {
      return run(() => original.apply(this, args), args[0]);
    });
  }
}

/** A prepared statement's own name; of any other the text without its literals. */
function nameOf(statement: unknown): string {
  const { name, text }: { name?: string; text: string } =
    typeof statement === "string" ? { text: statement } : (statement as { text: string });
  return name ?? text.replaceAll(/'[^']*'/g, "?");
}
