import { Errors } from "moleculer";

/**
 * When the same request may be sent again: `never` (it cannot succeed), `changed` (after the caller changed
 * something), `later` (as it is, after a pause).
 */
export type Retry = "never" | "changed" | "later";

/** What a problem carries beside its code: a sentence for people and members of its own (RFC 9457, 3.2). */
export interface ProblemDetails {
  detail?: string;
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number;
  errors?: FieldError[];
  [extension: string]: unknown;
}

/** One wrong field. `path` is a JSON Pointer (RFC 6901) into the body, the query or the headers. */
export interface FieldError {
  path: string;
  message: string;
}

/**
 * An error that a caller may see: `status` is its HTTP status, `type` its stable code, `data` its members. Every
 * other error is answered with `INTERNAL_ERROR` and nothing of itself.
 */
export class Problem extends Errors.MoleculerError {
  constructor(kind: Pick<ErrorKind, "code" | "status" | "title" | "retry">, details: ProblemDetails = {}) {
    super(details.detail ?? kind.title, kind.status, kind.code, { title: kind.title, retry: kind.retry, ...details });
    this.name = "Problem";
  }

  get status(): number {
    return this.code;
  }

  get details(): ProblemDetails {
    return this.data as ProblemDetails;
  }
}

/** A kind of problem; called with its details it makes the error: `throw outOfStock({ lines })`. */
export interface ErrorKind {
  (details?: ProblemDetails): Problem;
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly retry: Retry;
}

/** All kinds that were defined, by code: the documentation lists them. */
export const errorKinds = new Map<string, ErrorKind>();

/** Defines a kind of problem under its stable code. */
export function defineError(code: string, status: number, title: string, retry: Retry): ErrorKind {
  const kind: ErrorKind = Object.assign((details?: ProblemDetails) => new Problem(kind, details), {
    code,
    status,
    title,
    retry,
  });
  errorKinds.set(code, kind);
  return kind;
}

export const malformedRequest = defineError("MALFORMED_REQUEST", 400, "The request cannot be read.", "changed");
export const idempotencyKeyRequired = defineError(
  "IDEMPOTENCY_KEY_REQUIRED",
  400,
  "An Idempotency-Key of 1 to 255 visible ASCII characters is required.",
  "changed",
);
export const cursorExpired = defineError("CURSOR_EXPIRED", 400, "The feed cannot be resumed from this id.", "changed");
export const unauthorised = defineError("UNAUTHORIZED", 401, "A valid access token is required.", "changed");
export const forbidden = defineError("FORBIDDEN", 403, "The token lacks the scope for this.", "changed");
export const notFound = defineError("NOT_FOUND", 404, "There is no such thing here.", "never");
export const conflict = defineError("CONFLICT", 409, "The state of the object forbids this.", "changed");
export const staleVersion = defineError("STALE_VERSION", 409, "The object has changed since.", "changed");
export const idempotencyInFlight = defineError(
  "IDEMPOTENCY_KEY_IN_FLIGHT",
  409,
  "A request with this Idempotency-Key is still being worked on.",
  "later",
);
export const preconditionFailed = defineError("PRECONDITION_FAILED", 412, "If-Match does not match.", "changed");
export const bodyTooLarge = defineError("BODY_TOO_LARGE", 413, "The body is over 256 kB.", "changed");
export const unsupportedMediaType = defineError("UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON.", "changed");
export const validationFailed = defineError("VALIDATION_FAILED", 422, "Some fields are not valid.", "changed");
export const idempotencyKeyReused = defineError(
  "IDEMPOTENCY_KEY_REUSED",
  422,
  "This Idempotency-Key was used with another body.",
  "changed",
);
export const rateLimited = defineError("RATE_LIMITED", 429, "Too many requests.", "later");
export const internalError = defineError("INTERNAL_ERROR", 500, "Something went wrong on our side.", "later");
export const unavailable = defineError("UNAVAILABLE", 503, "A part of the platform is not available.", "later");

/** Moleculer's errors that say that somebody is away, or too busy, or that there was no time left. */
const AWAY = new Set([
  "SERVICE_NOT_FOUND",
  "SERVICE_NOT_AVAILABLE",
  "REQUEST_TIMEOUT",
  "REQUEST_SKIPPED",
  "REQUEST_REJECTED",
  "QUEUE_FULL",
  "BAD_GATEWAY",
]);

/** Whether an error says that a part of the platform is away: what was asked for is not at fault, and is asked again. */
export function isUnavailable(error: unknown): boolean {
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  return code === 503 || code === 504 || (typeof type === "string" && AWAY.has(type));
}

/** The errors of a call that say nothing about who was called: it was too late, too much, or never sent. */
const NOT_ITS_FAULT = new Set(["REQUEST_SKIPPED", "QUEUE_FULL", "BAD_GATEWAY"]);

/**
 * Whether an error says that who was called is broken, so that it is better left alone for a while. A refusal (4xx) is
 * an answer, and so is an error that nobody foresaw: one request that always fails must not shut the door for all.
 */
export function isBroken(error: unknown): boolean {
  const { type } = (error ?? {}) as { type?: unknown };
  return isUnavailable(error) && !NOT_ITS_FAULT.has(type as string);
}
