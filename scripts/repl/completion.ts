import type { ServiceBroker } from "moleculer";
import type { Command } from "./command.ts";
import { Operator } from "./operator.ts";

/** What may stand for the text before the cursor, and that text. */
export type Completion = [hits: string[], line: string];
export type Completer = (line: string, done: (error: Error | null, completion: Completion) => void) => void;

/** Completes the arguments of our own commands, and leaves the rest to `others`: the names of all commands, actions. */
export function completerOf(broker: ServiceBroker, commands: readonly Command[], others: Completer): Completer {
  return (line, done) => {
    const words = line.split(" ");
    const command = commands.find(({ usage }) => usage.split(" ", 1)[0] === words[0]);
    if (!command || words.length === 1) return others(line, done);
    if (!command.complete) return done(null, [[], line]);
    const before = words.slice(1, -1).filter((word) => word !== "");
    const begun = words.at(-1) as string;
    if (before.length >= argumentsOf(command)) return done(null, [[], begun]);
    command.complete(new Operator(broker), before).then(
      (found) => done(null, [found.filter((one) => one.startsWith(begun)), begun]),
      // Nothing is offered for what cannot be asked for now.
      () => done(null, [[], begun]),
    );
  };
}

function argumentsOf({ usage }: Command): number {
  return usage.split(" ").length - 1;
}
