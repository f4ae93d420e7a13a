import { malformedRequest, type Problem, validationFailed } from "../../../platform/errors.ts";
import { pointerSegment } from "../../../platform/validator.ts";

/** Nothing that we take is nested more than a few levels; functions that walk a body call themselves. */
const DEEPEST = 32;
/** Beyond this a body holds up everybody: it is parsed, walked and compared in one piece. The largest that we take has some hundreds. */
const MOST_VALUES = 10_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** What a JSON text is made of, as far as its punctuation says; no further than to where it has too much of something. */
interface Outline {
  readonly depth: number;
  /** Where there is one value too many. */
  readonly tooMany?: number;
  /** The members of all objects, those of the same name included. */
  readonly members: number;
}

/**
 * The object that a JSON text says. Throws MALFORMED_REQUEST for what is no JSON and VALIDATION_FAILED for what is no
 * object, has too many values or levels, or an object with a name twice: of which readers of JSON take one or the other
 * (RFC 8259, 4), so that whoever checks it and whoever acts on it may see different things.
 */
export function parseObject(bytes: Buffer): Record<string, unknown> {
  const outline = outlineOf(bytes);
  // Before it is parsed: what is refused has cost one look at each byte.
  if (outline.depth > DEEPEST) throw wrong("", `must not be nested more than ${DEEPEST} levels deep`);
  if (outline.tooMany !== undefined) {
    const place = placeIn(bytes.toString("utf8", 0, outline.tooMany));
    throw wrong(outermostList(place), `must not hold so much: a body has at most ${MOST_VALUES} values`);
  }
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedRequest({ detail: "The body is not JSON." });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("", "must be an object");
  if (membersOf(value) !== outline.members) {
    throw wrong(pointer(placeIn(text)), "must be given once");
  }
  return value as Record<string, unknown>;
}

function wrong(path: string, message: string): Problem {
  return validationFailed({ detail: `${path || "The body"} ${message}.`, errors: [{ path, message }] });
}

/** Of a text that is no JSON it says something or other. */
function outlineOf(bytes: Buffer): Outline {
  let [depth, deepest, values, members] = [0, 0, 1, 0];
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > deepest) deepest = depth;
        if (deepest > DEEPEST) return { depth: deepest, members };
        if (++values > MOST_VALUES) return { depth: deepest, members, tooMany: i };
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case COMMA:
        if (++values > MOST_VALUES) return { depth: deepest, members, tooMany: i };
        break;
      case COLON:
        members++;
        break;
    }
  }
  return { depth: deepest, members };
}

function membersOf(value: object): number {
  const inside = Object.values(value);
  let count = Array.isArray(value) ? 0 : inside.length;
  for (const one of inside) if (typeof one === "object" && one !== null) count += membersOf(one);
  return count;
}

/** A place in a text: an object with the names that it has had so far, or an array. */
interface Place {
  readonly names: Set<string> | undefined;
  /** The name or the index that stands here now. */
  at: string | number;
}

/** Where a valid JSON text, or the beginning of one, ends, or has the first name twice. Only asked of what is refused. */
function placeIn(text: string): (string | number)[] {
  const places: Place[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{},]/g)) {
    const place = places.at(-1);
    if (token === "{") places.push({ names: new Set(), at: "" });
    else if (token === "[") places.push({ names: undefined, at: 0 });
    else if (token === "}" || token === "]") places.pop();
    else if (token === ",") {
      if (place && typeof place.at === "number") place.at++;
    } else if (place?.names && token.endsWith(":")) {
      place.at = nameOf(token.slice(0, -1));
      if (place.names.has(place.at)) break;
      place.names.add(place.at);
    }
  }
  return places.map(({ at }) => at);
}

function nameOf(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    // Of a text that nobody has parsed.
    return "";
  }
}

function pointer(path: readonly (string | number)[]): string {
  return path.map((at) => pointerSegment(String(at))).join("");
}

/** The list that is too long, or else the object. */
function outermostList(path: readonly (string | number)[]): string {
  const index = path.findIndex((at) => typeof at === "number");
  return pointer(path.slice(0, index < 0 ? -1 : index));
}
