import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** A list of addresses and networks (`10.0.0.0/8`) whose word is taken for whom they ask for. */
export function proxiesOf(networks: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  return proxies;
}

/**
 * Who asks, for limits: the other end of the socket, or, where that is a proxy of ours, whom it asks for. Each proxy
 * writes the address that it was asked from behind those that `X-Forwarded-For` has already, so it is read from its end,
 * and no further than to the first that is no proxy: what is before that is the caller's own invention. Of IPv6 it is the
 * network of 64 bits, as a caller has all of its addresses.
 */
export function clientAddress({ socket, headers }: IncomingMessage, proxies: BlockList): string | undefined {
  let address = plain(socket.remoteAddress ?? "");
  const hops = String(headers["x-forwarded-for"] ?? "").split(",");
  while (isProxy(proxies, address) && hops.length > 0) {
    const before = plain((hops.pop() as string).trim());
    // Without a word, or with one that is none, the proxy speaks for itself.
    if (isIP(before) === 0) break;
    address = before;
  }
  if (address === "") return undefined;
  return isIP(address) === 6 ? networkOf(address) : address;
}

/** An IPv4 address that came over an IPv6 socket is the same as without. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

function isProxy(proxies: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** The first four groups of an IPv6 address. */
function networkOf(address: string): string {
  const [head = "", tail] = (address.split("%")[0] as string).split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const end = tail === "" ? [] : tail.split(":");
    while (groups.length + end.length < 8) groups.push("0");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
