import ipaddr from "ipaddr.js";

/**
 * Whether a numeric address is one of the public internet: not of this machine, of a network of ours, of a link, of a
 * provider's inside, of a group, or of a form that holds another address (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  // Whatever is unicast and is not of this block was not given to anybody, or is an old form with an address inside.
  return parsed.kind() === "ipv4" || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
}

/** Whether a numeric address is of this machine. */
export function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === "loopback";
}

const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];
