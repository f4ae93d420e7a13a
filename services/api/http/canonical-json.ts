import { hash } from "node:crypto";

/**
 * JSON with the members of all objects in order, so that bodies that mean the same are the same text. Takes what
 * `JSON.parse` makes; how deeply that may be nested was checked before.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(record[name])}`);
  return `{${members.join(",")}}`;
}

/** What tells a request from another one under the same `Idempotency-Key`. */
export function fingerprintOf(params: object): string {
  return hash("sha256", canonicalJson(params), "base64url");
}
