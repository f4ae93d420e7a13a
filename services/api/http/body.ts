import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { bodyTooLarge, malformedRequest, type Problem, unsupportedMediaType } from "../../../platform/errors.ts";
import { parseObject } from "./json.ts";
import { readForm } from "./query.ts";

const LARGEST = 256 * 1024;
/** What is read and thrown away of a body that is too large, so that its sender gets to read the answer. */
const THROWN_AWAY = 32 * 1024 * 1024;

const JSON_TYPE = /^application\/(json|[a-z0-9!#$&^_.+-]+\+json)$/;
const FORM_TYPE = "application/x-www-form-urlencoded";

/** How many bytes a request's body may take in memory: of one that does not say its length, the most. */
export function bodyBytes({ headers }: IncomingMessage): number {
  const declared = headers["content-length"];
  if (declared === undefined) return headers["transfer-encoding"] === undefined ? 0 : LARGEST;
  // What is larger is refused, and not kept.
  return Number(declared) > LARGEST ? 0 : Number(declared);
}

/**
 * The object in a request's body; an empty body is an empty object. Throws UNSUPPORTED_MEDIA_TYPE for what is not
 * JSON (or a form, where forms are taken), BODY_TOO_LARGE beyond 256 kB, MALFORMED_REQUEST for what is not UTF-8 or
 * cannot be parsed, VALIDATION_FAILED for what {@link parseObject} does not take.
 */
export async function readBody(req: IncomingMessage, forms: boolean): Promise<Record<string, unknown>> {
  const declared = req.headers["content-length"];
  if (declared === undefined ? req.headers["transfer-encoding"] === undefined : Number(declared) === 0) return {};
  const type = mediaType(req.headers["content-type"]);
  const isForm = forms && type === FORM_TYPE;
  // Of a chunked body it is known only when it ends whether it was empty.
  const wrongType = isForm || (type !== undefined && JSON_TYPE.test(type)) ? undefined : unsupportedMediaType();
  if (req.headers["content-encoding"] !== undefined && req.headers["content-encoding"] !== "identity") {
    throw discard(req, unsupportedMediaType({ detail: "The body must not be compressed." }));
  }
  if (declared !== undefined && wrongType) throw discard(req, wrongType);
  if (declared !== undefined && Number(declared) > LARGEST) throw discard(req, bodyTooLarge());
  const bytes = await collect(req, wrongType);
  if (bytes.length === 0) return {};
  if (!isUtf8(bytes)) throw malformedRequest({ detail: "The body is not UTF-8." });
  return isForm ? readForm(bytes.toString("utf8")) : parseObject(bytes);
}

/** The media type of a `Content-Type`; undefined when there is none, or one whose charset is not UTF-8. */
function mediaType(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (header === "application/json") return header;
  const [type, ...parameters] = header.toLowerCase().split(";");
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=").map((part) => part.trim());
    if (name === "charset" && value !== "utf-8" && value !== '"utf-8"' && value !== "utf8") return undefined;
  }
  return type?.trim();
}

function collect(req: IncomingMessage, wrongType: Problem | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: () => void) => {
      req.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      outcome();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      const wrong = wrongType ?? (length > LARGEST ? bodyTooLarge() : undefined);
      if (wrong) settle(() => reject(discard(req, wrong)));
      else chunks.push(chunk);
    };
    const onEnd = () =>
      settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)));
    // The sender has gone: nobody reads the answer.
    const onClose = () => settle(() => reject(malformedRequest({ detail: "The body did not arrive whole." })));
    req.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/**
 * Lets the rest of a body that is refused run out. Closing the connection at once would make the sender, who is
 * still writing, see a reset instead of the answer.
 */
function discard<E>(req: IncomingMessage, refusal: E): E {
  let length = 0;
  req.on("error", () => {});
  req.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > THROWN_AWAY) req.destroy();
  });
  return refusal;
}
