import Mustache from "mustache";
import { type FieldError, validationFailed } from "../../../platform/errors.ts";
import type { MediumName } from "../contract.ts";
import { ITEM_TAGS, TAGS, type Template } from "../template.ts";

/** A piece of a template as Mustache has parsed it; a section has its own pieces. */
type Token = readonly [kind: string, name: string, from: number, to: number, inside?: readonly Token[]];

const KINDS: Readonly<Record<string, string>> = {
  "&": "must not leave a value as it is: write {{number}}, not {{{number}}} or {{&number}}",
  ">": "must not take in other templates",
  "=": "must not change what tags look like",
};

/** Throws VALIDATION_FAILED that says of each part of a template what is wrong with it. */
export function assertTemplate(medium: MediumName, template: Partial<Template>): void {
  const errors = [...partsThatDoNotFit(medium, template)];
  for (const part of ["subject", "text", "html"] as const) {
    const text = template[part];
    if (text !== undefined) errors.push(...wrongIn(text).map((message) => ({ path: `/${part}`, message })));
  }
  if (errors.length > 0) throw validationFailed({ errors: errors.slice(0, 20) });
}

function partsThatDoNotFit(medium: MediumName, { subject, html }: Partial<Template>): FieldError[] {
  const errors: FieldError[] = [];
  if (medium === "email" && subject === undefined) errors.push({ path: "/subject", message: "must be there for mail" });
  if (medium === "sms" && subject !== undefined)
    errors.push({ path: "/subject", message: "must not be there for a short message" });
  if (medium !== "email" && html !== undefined) errors.push({ path: "/html", message: "is for mail alone" });
  return errors;
}

function wrongIn(text: string): string[] {
  try {
    // Not the shared writer: what is refused is not worth keeping.
    return [...new Set(wrongTokens(new Uncached().parse(text) as unknown as readonly Token[], TAGS))];
  } catch (error) {
    // It says what and where: "Unclosed section "items" at 12".
    return [`must be a Mustache template: ${(error as Error).message}`];
  }
}

class Uncached extends Mustache.Writer {
  constructor() {
    super();
    Object.assign(this, { templateCache: undefined });
  }
}

function wrongTokens(tokens: readonly Token[], known: readonly string[]): string[] {
  return tokens.flatMap(([kind, name, , , inside]): string[] => {
    if (kind === "text" || kind === "!") return [];
    const wrong = KINDS[kind];
    if (wrong !== undefined) return [wrong];
    if (!known.includes(name)) return [`has a tag that is not known: {{${name}}}. There are ${known.join(", ")}`];
    if (kind === "name" && name === "items") return ["must use {{items}} as a section: {{#items}}...{{/items}}"];
    if (!inside) return [];
    // Items within items would be as many as they are times as many.
    const isOfItems = kind === "#" && name === "items";
    const outside = known.filter((tag) => tag !== "items");
    return wrongTokens(inside, isOfItems ? [...new Set([...outside, ...ITEM_TAGS])] : known);
  });
}
