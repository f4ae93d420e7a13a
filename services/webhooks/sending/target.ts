import { isIP } from "node:net";
import { validationFailed } from "../../../platform/errors.ts";
import { isPublicAddress } from "./addresses.ts";

/** The host of a URL as an address is looked up for it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** Whether a URL's host is one of those that may be on this machine and without TLS, as the settings say. */
export function isInsecure(url: URL, insecureHosts: readonly string[]): boolean {
  return insecureHosts.includes(hostOf(url));
}

/**
 * The URL of an endpoint as it is kept. The parser has one form for all spellings of a host: `https://0x7f.1/` is
 * `https://127.0.0.1/`. Names are looked up when they are called, and not here, where that would prove nothing. Throws
 * VALIDATION_FAILED.
 *
 * @param insecureHosts hosts that may be on this machine, and without TLS
 */
export function endpointUrl(text: string, insecureHosts: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["https:", "http:"].includes(url.protocol)) throw wrong("must be an https URL");
  if (url.username !== "" || url.password !== "") throw wrong("must name no user: calls are signed");
  if (url.hash !== "") throw wrong("must have no fragment");
  if (isInsecure(url, insecureHosts)) return url.href;
  if (url.protocol !== "https:") throw wrong("must be an https URL");
  if (isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url))) throw wrong("must be at a public address");
  return url.href;
}

function wrong(message: string): Error {
  return validationFailed({ errors: [{ path: "/url", message }] });
}
