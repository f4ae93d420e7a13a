import type { Command, Typed } from "./command.ts";
import { Operator, Refused } from "./operator.ts";
import { red } from "./text.ts";

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Runs a command as it was typed. Answers what is to be shown, of a failure too: the prompt goes on. */
export async function run(command: Command, broker: Operator["broker"], typed: Typed): Promise<string> {
  try {
    const { tenant } = typed;
    if (tenant !== undefined && !TENANT.test(tenant)) throw new Refused(`${tenant} is not a tenant.`);
    return await command.run(new Operator(broker, tenant), typed);
  } catch (error) {
    return red(sentenceOf(error));
  }
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { type, data } = error as { type?: unknown; data?: { errors?: { path: string; message: string }[] } };
  const fields = (data?.errors ?? []).map(({ path, message }) => `${path.slice(1)} ${message}`).join("; ");
  if (error instanceof Refused || typeof type === "string") return fields || error.message;
  return error.stack ?? error.message;
}
