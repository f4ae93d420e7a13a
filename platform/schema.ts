import {
  FormatRegistry,
  type ObjectOptions,
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  Type,
} from "@sinclair/typebox";
import { isCountry } from "./countries.ts";
import { validationFailed } from "./errors.ts";
import { isUuid } from "./ids.ts";

/** An object with these members and no others. */
export function object<P extends TProperties>(properties: P, options: ObjectOptions = {}): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** One of some words. */
export function oneOf<const T extends string[]>(values: T, options: object = {}) {
  return Type.Unsafe<T[number]>({
    ...Type.String({ pattern: `^(${values.join("|").replaceAll(".", "\\.")})$` }),
    errorMessage: `must be one of ${values.join(", ")}`,
    enum: values,
    ...options,
  });
}

/** A list that a call takes: what arrives together is handled together. */
export function setOf<T extends TSchema>(item: T) {
  return Type.Array(item, { minItems: 1, maxItems: 1_000 });
}

/** One page of a list, newest first. */
export function page<T extends TSchema>(item: T) {
  return object({ items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) });
}

/** The query members of every list. */
export const paging = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 20, errorMessage: "must be a whole number from 1 to 100" }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: "The `nextCursor` of the page before." }),
  ),
};

export const Id = Type.String({
  pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
  errorMessage: "must be a UUID",
  description: "A UUID.",
});

FormatRegistry.Set("date-time", isInstant);
FormatRegistry.Set("country", isCountry);

export const Instant = Type.String({
  format: "date-time",
  // PostgreSQL knows no zone that is 16 hours away.
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-](0\\d|1[0-5]):\\d{2})$",
  errorMessage: "must be an ISO 8601 time with its zone",
  description: "ISO 8601, UTC.",
});
export const Sku = Type.String({
  pattern: "^[A-Za-z0-9._-]{1,64}$",
  errorMessage: "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -",
});
export const Quantity = Type.Integer({
  minimum: 1,
  maximum: 10_000,
  errorMessage: "must be a whole number from 1 to 10000",
});
export const Currency = Type.String({ pattern: "^[A-Z]{3}$", errorMessage: "must be an ISO 4217 code" });
export const Country = Type.String({
  format: "country",
  pattern: "^[A-Z]{2}$",
  errorMessage: "must be an ISO 3166-1 alpha-2 code",
});
/** A text that a person wrote: short, and of at least one character. */
export const text = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, errorMessage: `must be a text of 1 to ${maxLength} characters` });
export const Email = Type.String({
  // Whatever the text, there is one way to read it: a pattern that tries every dot takes minutes for 256 kB of them.
  pattern: "^[^\\s@]+@[^\\s@][^\\s@.]*\\.[^\\s@]+$",
  maxLength: 254,
  errorMessage: "must be an email address",
});
/** Where a person is reached by post. */
export const Address = object(
  {
    name: text(200),
    line1: text(200),
    line2: Type.Optional(Type.String({ maxLength: 200 })),
    city: text(100),
    postalCode: text(20),
    region: Type.Optional(Type.String({ maxLength: 100 })),
    country: Country,
    phone: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { $id: "Address" },
);
export type Address = Static<typeof Address>;
/** A whole amount of minor units. */
export const Amount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const TenantId = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,62}$" });

export const ItemQuantity = object({ sku: Sku, quantity: Quantity });
export type ItemQuantity = Static<typeof ItemQuantity>;
/** 1 to 100 lines; repeated SKUs are summed. */
export const Items = Type.Array(ItemQuantity, {
  minItems: 1,
  maxItems: 100,
  errorMessage: "must be a list of 1 to 100 lines",
});

/** The end of an order's line in an event: what moves, without its price. */
export const LineQuantity = object({ sku: Sku, quantity: Type.Integer({ minimum: 1 }) });
export type LineQuantity = Static<typeof LineQuantity>;

/**
 * Whether there is such a time. `Date.parse` takes 30 February for 2 March, and PostgreSQL refuses it, as it does the
 * year 0.
 */
function isInstant(text: string): boolean {
  if (Number.isNaN(Date.parse(text))) return false;
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return year > 0 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The place after which a list goes on, opaque to callers: text in base64url. */
export function encodeCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** The place a cursor stands for, or `undefined` when it is none of ours. */
export function decodeCursor(cursor: string): unknown[] | undefined {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    return Array.isArray(place) ? place : undefined;
  } catch {
    return undefined;
  }
}

/** The id at which a page ended, of a list in the order of ids. Throws VALIDATION_FAILED for a cursor that is none of ours. */
export function idOfCursor(cursor: string): string {
  const [id, ...rest] = decodeCursor(cursor) ?? [];
  if (typeof id === "string" && isUuid(id) && rest.length === 0) return id;
  throw validationFailed({ errors: [{ path: "/cursor", message: "is not a cursor of this list" }] });
}
