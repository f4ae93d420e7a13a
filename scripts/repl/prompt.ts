import type { REPLServer } from "node:repl";
import type { ServiceBroker } from "moleculer";
import { commands } from "./commands.ts";
import { type Completer, completerOf } from "./completion.ts";
import { run } from "./run.ts";

type OpenRepl = (broker: ServiceBroker, options: object) => REPLServer;

/** How a command of ours is told to moleculer-repl. */
interface Parsed {
  readonly options: Readonly<Record<string, string>>;
  readonly [argument: string]: unknown;
}

/**
 * Throws, saying why, where there is no prompt: it may do everything, so production nodes are installed without it and
 * refuse it in any case.
 */
export async function loadPrompt(env: Readonly<Record<string, string | undefined>> = process.env): Promise<OpenRepl> {
  if (env.NODE_ENV === "production") throw new Error("there is no prompt with NODE_ENV=production");
  try {
    return ((await import("moleculer-repl")) as unknown as { default: OpenRepl }).default;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error("moleculer-repl is not installed here: npm install --include=dev installs it");
  }
}

/**
 * Opens moleculer-repl's prompt with our own commands. To leave it (`quit`, Ctrl-D, the end of the input) it stops the
 * broker and exits; it is shown a broker whose stop is `leave`, as there may be more to stop, and in an order.
 */
export function openPrompt(open: OpenRepl, broker: ServiceBroker, leave: () => void): void {
  let left = false;
  const stop = () => {
    // `quit` as the last line of a piped input asks twice, without being impatient.
    if (!left) leave();
    left = true;
    return new Promise<never>(() => {});
  };
  const shown = Object.create(broker, { stop: { value: stop } }) as ServiceBroker;
  const customCommands = commands.map((command) => ({
    command: command.usage,
    description: command.description,
    options: [...(command.options ?? []), { option: "--tenant <tenant>", description: "Of one tenant, not of all" }],
    async action(_broker: ServiceBroker, { options, rawCommand: _, ...typed }: Parsed) {
      process.stdout.write(`\n${await run(command, broker, { ...options, ...(typed as Record<string, string>) })}\n\n`);
    },
  }));
  const server = open(shown, { customCommands, delimiter: "waybill $" }) as REPLServer & { completer: Completer };
  server.completer = completerOf(broker, commands, server.completer);
}
