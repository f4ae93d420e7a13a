import { malformedRequest } from "../../../platform/errors.ts";
import { invalidClient } from "../../auth/contract.ts";
import { decode } from "./query.ts";

/** The token of a `Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length > 8_192) return undefined;
  const space = authorization.indexOf(" ");
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== "bearer") return undefined;
  const token = authorization.slice(space + 1).trim();
  return token === "" ? undefined : token;
}

/**
 * Puts the client credentials of a `Basic` header where those of a body are (RFC 6749, 2.3.1: both are encoded as in
 * a form). Throws when a client names itself in two ways.
 */
export function withBasicCredentials(params: Record<string, unknown>, authorization: string | undefined): void {
  if (authorization === undefined || authorization.slice(0, 6).toLowerCase() !== "basic ") return;
  const pair = Buffer.from(authorization.slice(6).trim(), "base64").toString("utf8");
  const colon = pair.indexOf(":");
  const id = decode(pair.slice(0, Math.max(0, colon)));
  const secret = decode(pair.slice(colon + 1));
  if (colon < 0 || id === undefined || secret === undefined)
    throw invalidClient({ detail: "The Basic credentials cannot be read." });
  if (params.client_secret !== undefined || (params.client_id !== undefined && params.client_id !== id)) {
    throw malformedRequest({ detail: "The client names itself in more than one way." });
  }
  params.client_id = id;
  params.client_secret = secret;
}
