import { type FieldError, malformedRequest } from "../../../platform/errors.ts";
import { pointerSegment } from "../../../platform/validator.ts";
import type { Coercion } from "../routes.ts";

/** What a query holds: its members as the schema wants them, and what has no place in an object. */
export interface Query {
  readonly members: Record<string, unknown>;
  readonly errors: readonly FieldError[];
}

/**
 * Reads a query. A text that is no number stays a text and an unknown member stays as well: the validator names them.
 * An error is a member that is repeated, called as a parameter of the path (`taken`), or cannot be decoded.
 */
export function readQuery(
  query: string,
  coercions: ReadonlyMap<string, Coercion>,
  taken: Readonly<Record<string, unknown>> = {},
): Query {
  const members: Record<string, unknown> = {};
  const errors: FieldError[] = [];
  for (const pair of query === "" ? [] : query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const text = equals < 0 ? "" : decode(pair.slice(equals + 1));
    if (name === undefined || text === undefined) {
      errors.push({ path: name === undefined ? "" : pointerSegment(name), message: "is not percent-encoded UTF-8" });
    } else if (name === "__proto__" || Object.hasOwn(taken, name)) {
      errors.push({ path: pointerSegment(name), message: "is not a known field" });
    } else if (Object.hasOwn(members, name)) {
      errors.push({ path: pointerSegment(name), message: "must be given once" });
    } else {
      members[name] = coerce(text, coercions.get(name));
    }
  }
  return { members, errors };
}

/** The members of a form (RFC 6749, 3.2: each at most once). */
export function readForm(form: string): Record<string, unknown> {
  const { members, errors } = readQuery(form, new Map());
  if (errors.length > 0) throw malformedRequest({ detail: "The form cannot be read, or repeats a parameter." });
  return members;
}

/** A text of a query or a form; undefined when it is no percent-encoded UTF-8. */
export function decode(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function coerce(text: string, coercion: Coercion | undefined): unknown {
  switch (coercion) {
    case "integer":
    case "number": {
      // Only what JSON would take as a number: no "1e3" for 1000, no " 1", no "0x1", no "".
      const value = Number(text);
      return String(value) === text ? value : text;
    }
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return text;
  }
}
