import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { ValueErrorType } from "@sinclair/typebox/errors";
import { type FieldError, validationFailed } from "./errors.ts";

const MOST_ERRORS = 20;

const compiled = new WeakMap<TSchema, TypeCheck<TSchema>>();

/** A field's name as a segment of a JSON Pointer (RFC 6901, 3). */
export function pointerSegment(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * The wrong fields of a value, one entry a field, at most 20; empty when the value is valid. Beside the schema, no
 * text may hold what PostgreSQL or UTF-8 cannot: NUL and lone surrogates; and no object a key `__proto__`, which a
 * strict schema passes because it looks like the inherited one.
 */
export function fieldErrors(schema: TSchema, value: unknown): FieldError[] {
  let check = compiled.get(schema);
  if (!check) {
    check = TypeCompiler.Compile(schema);
    compiled.set(schema, check);
  }
  const found = unsafe(value);
  const isOfSchema = check.Check(value);
  if (!found && isOfSchema) return [];
  const messages = new Map(found?.map(({ path, message }) => [path, message]));
  for (const error of isOfSchema ? [] : check.Errors(value)) {
    if (messages.size >= MOST_ERRORS) break;
    // A missing field is reported twice, as missing and as of the wrong type; the first says it better.
    if (!messages.has(error.path)) messages.set(error.path, describe(error));
  }
  return [...messages].slice(0, MOST_ERRORS).map(([path, message]) => ({ path, message }));
}

const tolerant = new WeakMap<TSchema, TSchema>();

/**
 * A schema that passes over members which it does not know, at any depth: for what a newer node has written. While
 * nodes are replaced one by one, an optional member that was added must not be an error to those that are not yet.
 */
export function tolerantOf(schema: TSchema): TSchema {
  let made = tolerant.get(schema);
  if (!made) {
    made = withoutStrictness(schema) as TSchema;
    tolerant.set(schema, made);
  }
  return made;
}

function withoutStrictness(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutStrictness);
  if (value === null || typeof value !== "object") return value;
  const copy: Record<PropertyKey, unknown> = {};
  // What a schema is stands under symbols.
  for (const key of Reflect.ownKeys(value)) {
    const member = (value as Record<PropertyKey, unknown>)[key];
    if (key !== "additionalProperties" || member !== false) copy[key] = withoutStrictness(member);
  }
  return copy;
}

/** Throws VALIDATION_FAILED naming each wrong field. */
export function assertValid(schema: TSchema, value: unknown): void {
  const errors = fieldErrors(schema, value);
  if (errors.length > 0) throw validationFailed({ detail: summary(errors), errors });
}

function summary(errors: FieldError[]): string {
  const first = errors[0] as FieldError;
  return `${first.path || "The body"}: ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}`;
}

function describe(error: { type: ValueErrorType; message: string; schema: TSchema }): string {
  const said: unknown = error.schema.errorMessage;
  if (typeof said === "string" && error.type !== ValueErrorType.ObjectRequiredProperty) return said;
  switch (error.type) {
    case ValueErrorType.ObjectAdditionalProperties:
      return "is not a known field";
    case ValueErrorType.ObjectRequiredProperty:
      return "is required";
    default:
      return error.message.charAt(0).toLowerCase() + error.message.slice(1);
  }
}

/**
 * Wrong texts, numbers and names in a value, wherever they are; none is undefined. Paths are made on the way back from
 * what is wrong: made on the way there they were most of what validating an order took.
 */
function unsafe(value: unknown): FieldError[] | undefined {
  if (typeof value === "string") {
    if (value.includes("\0")) return wrong("must not contain NUL characters");
    return value.isWellFormed() ? undefined : wrong("must not contain lone surrogates");
  }
  // 1e400 is JSON and becomes Infinity, which would be given back as null.
  if (typeof value === "number") return Number.isFinite(value) ? undefined : wrong("must be a finite number");
  if (typeof value !== "object" || value === null) return undefined;
  let found: FieldError[] | undefined;
  // Of an array these are the indexes.
  for (const key of Object.keys(value)) {
    const inside = isUnsafeName(key) ? wrong("is not a known field") : unsafe((value as Record<string, unknown>)[key]);
    if (!inside) continue;
    found ??= [];
    for (const error of inside) found.push({ ...error, path: pointerSegment(key) + error.path });
    if (found.length >= MOST_ERRORS) return found;
  }
  return found;
}

function isUnsafeName(name: string): boolean {
  return name === "__proto__" || name.includes("\0") || !name.isWellFormed();
}

function wrong(message: string): FieldError[] {
  return [{ path: "", message }];
}
