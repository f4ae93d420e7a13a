/** A JSON Schema as an OpenAPI 3.1 document holds it. */
export type Schema = { readonly [keyword: string]: unknown };

/** What says nothing of a value. */
const NOTES = new Set([
  "$id",
  "title",
  "description",
  "default",
  "examples",
  "example",
  "format",
  "errorMessage",
  "deprecated",
]);

/**
 * Where a value is not as a schema says, as lines for people; empty when it is. It knows the keywords that the
 * platform's document uses and refuses others, so that no rule is passed over in silence.
 *
 * @param deref finds what a `$ref` points to
 */
export function mismatches(schema: Schema, value: unknown, deref: (ref: string) => Schema, path = ""): string[] {
  const found: string[] = [];
  const fail = (what: string) => found.push(`${path || "/"}: ${what}, but is ${JSON.stringify(value)?.slice(0, 120)}`);
  const below = (inner: unknown, part: unknown, name: string | number) => {
    found.push(...mismatches(inner as Schema, part, deref, `${path}/${name}`));
  };
  const object =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  for (const [keyword, said] of Object.entries(schema)) {
    switch (keyword) {
      case "$ref":
        found.push(...mismatches(deref(said as string), value, deref, path));
        break;
      case "type":
        if (![said].flat().some((type) => isOfType(value, type as string))) fail(`should be ${said}`);
        break;
      case "const":
        if (value !== said) fail(`should be ${JSON.stringify(said)}`);
        break;
      case "enum":
        if (!(said as unknown[]).includes(value)) fail(`should be one of ${said}`);
        break;
      case "anyOf":
      case "oneOf":
        if (!(said as Schema[]).some((one) => mismatches(one, value, deref, path).length === 0))
          fail(`fits none of ${keyword}`);
        break;
      case "allOf":
        for (const one of said as Schema[]) found.push(...mismatches(one, value, deref, path));
        break;
      case "pattern":
        if (typeof value === "string" && !new RegExp(said as string, "u").test(value)) fail(`should match ${said}`);
        break;
      case "minLength":
        if (typeof value === "string" && [...value].length < (said as number)) fail(`should be longer`);
        break;
      case "maxLength":
        if (typeof value === "string" && [...value].length > (said as number)) fail(`should be shorter`);
        break;
      case "minimum":
        if (typeof value === "number" && value < (said as number)) fail(`should be at least ${said}`);
        break;
      case "maximum":
        if (typeof value === "number" && value > (said as number)) fail(`should be at most ${said}`);
        break;
      case "minItems":
        if (Array.isArray(value) && value.length < (said as number)) fail(`should have more items`);
        break;
      case "maxItems":
        if (Array.isArray(value) && value.length > (said as number)) fail(`should have fewer items`);
        break;
      case "maxProperties":
        if (object && Object.keys(object).length > (said as number)) fail(`should have fewer members`);
        break;
      case "items":
        if (Array.isArray(value))
          value.forEach((item, i) => {
            below(said, item, i);
          });
        break;
      case "required":
        for (const name of said as string[]) if (object && !Object.hasOwn(object, name)) fail(`should have ${name}`);
        break;
      case "properties":
        for (const [name, inner] of Object.entries(said as object)) {
          if (object && Object.hasOwn(object, name)) below(inner, object[name], name);
        }
        break;
      case "patternProperties":
        for (const [pattern, inner] of Object.entries(said as object)) {
          for (const name of Object.keys(object ?? {}))
            if (new RegExp(pattern, "u").test(name)) below(inner, object?.[name], name);
        }
        break;
      case "propertyNames":
        for (const name of Object.keys(object ?? {})) below(said, name, name);
        break;
      case "additionalProperties": {
        const patterns = Object.keys((schema.patternProperties as object) ?? {});
        const declared = Object.keys((schema.properties as object) ?? {});
        for (const name of Object.keys(object ?? {})) {
          if (declared.includes(name) || patterns.some((pattern) => new RegExp(pattern, "u").test(name))) continue;
          if (said === false) fail(`should not have ${name}`);
          else if (typeof said === "object") below(said, object?.[name], name);
        }
        break;
      }
      default:
        if (!NOTES.has(keyword) && !keyword.startsWith("x-")) throw new Error(`this check does not know ${keyword}`);
    }
  }
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
