import {
  bodyTooLarge,
  idempotencyKeyReused,
  internalError,
  isUnavailable,
  malformedRequest,
  type ProblemDetails,
  unavailable,
  unsupportedMediaType,
  validationFailed,
} from "../../../platform/errors.ts";

/** An error as the outside sees it. */
export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly details: ProblemDetails;
  /** Nobody foresaw it: to be logged whole, and told nobody. */
  readonly unforeseen: boolean;
}

/** When to ask again for what is away: a breaker that has opened lets a call through again by then. */
const AWAY_SECONDS = 5;

/** What is answered to an error: itself if it is a problem, and otherwise nothing of it. */
export function answerTo(error: unknown): Answer {
  const { name, code, type, data } = (error ?? {}) as {
    name?: unknown;
    code?: unknown;
    type?: unknown;
    data?: unknown;
  };
  if (name === "Problem" && typeof code === "number" && typeof type === "string") {
    const { title, retry: _, ...details } = (data ?? {}) as ProblemDetails & { title?: string; retry?: unknown };
    return { status: code, code: type, title: title ?? type, details, unforeseen: false };
  }
  const away = isUnavailable(error);
  const { status, code: known, title } = away ? unavailable : internalError;
  return { status, code: known, title, details: away ? { retryAfter: AWAY_SECONDS } : {}, unforeseen: !away };
}

/** The body of a problem (RFC 9457). `type` leads to the page of the documentation that lists the codes. */
export function problemBody({ status, code, title, details }: Answer, requestId: string): string {
  const { detail, retryAfter: _, errors, ...extensions } = details;
  return JSON.stringify({
    ...extensions,
    type: `/docs/errors#${code}`,
    title,
    status,
    code,
    ...(detail !== undefined && { detail }),
    requestId,
    ...(errors && { errors }),
  });
}

const INPUT = new Set(
  [malformedRequest, bodyTooLarge, unsupportedMediaType, validationFailed].map((kind) => kind.status),
);

/**
 * Whether an answer is about the key, the query or the body: it is given only of an object that is there. Not that a key was
 * used before: by that the caller has seen the object, which may be gone by its very use.
 */
export function isAboutInput({ status, code }: Answer): boolean {
  return INPUT.has(status) && code !== idempotencyKeyReused.code;
}

/** Codes of RFC 6749, 5.2 as they are; the platform's own as the nearest of them. */
const OAUTH: Readonly<Record<number, string>> = {
  429: "temporarily_unavailable",
  500: "server_error",
  503: "temporarily_unavailable",
};

/** The status and the body of an error on the token routes (RFC 6749, 5.2). */
export function oauthError({ status, code, title, details }: Answer): { status: number; body: string } {
  const own = /^[a-z_]+$/.test(code);
  const first = details.errors?.[0];
  const said = details.detail ?? (first ? `${first.path} ${first.message}` : title);
  return {
    // "Some fields are not valid" is a 400 there.
    status: status === 422 ? 400 : status,
    body: JSON.stringify({
      error: own ? code : (OAUTH[status] ?? "invalid_request"),
      // RFC 6749 allows these characters alone.
      error_description: said.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'"),
    }),
  };
}
