import type { Operator } from "./operator.ts";

/** What was typed behind a command: its arguments by their names, and its options. */
export type Typed = Readonly<Record<string, string | undefined>>;

/** A command of our own at the prompt. */
export interface Command {
  /** `order <number>`: an argument in `[]` may be left out. */
  readonly usage: string;
  readonly description: string;
  /** Beside `--tenant`, which all have. */
  readonly options?: readonly { readonly option: string; readonly description: string }[];
  /** What the next argument may be, given those before it. */
  complete?(operator: Operator, before: readonly string[]): Promise<readonly string[]>;
  /** Answers what is to be shown. Throws {@link Refused} with what the person should be told. */
  run(operator: Operator, typed: Typed): Promise<string>;
}
