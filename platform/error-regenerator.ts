import { Errors } from "moleculer";
import { Problem, type ProblemDetails, type Retry } from "./errors.ts";

/** Makes an error that comes from another node what it was there: Moleculer knows its own classes alone. */
export class ErrorRegenerator extends Errors.Regenerator {
  override restoreCustomError(plain: Errors.PlainMoleculerError): Problem {
    // Nothing leaves it to Moleculer, whose types do not know that.
    if (plain.name !== "Problem") return undefined as never;
    const { title, retry, ...details } = plain.data as ProblemDetails & { title: string; retry: Retry };
    return new Problem({ code: plain.type, status: plain.code, title, retry }, details);
  }
}
