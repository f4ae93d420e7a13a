import type { IncomingMessage } from "node:http";
import { clientAddress, proxiesOf } from "./client-address.ts";

const asked = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  }) as unknown as IncomingMessage;
const proxies = proxiesOf(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ["nobody's word", "203.0.113.5", undefined, "203.0.113.5"],
  ["a caller's own word", "203.0.113.5", "198.51.100.1", "203.0.113.5"],
  ["a proxy's word", "10.1.2.3", "198.51.100.1", "198.51.100.1"],
  ["a proxy's word behind what the caller made up", "10.1.2.3", "1.2.3.4, 198.51.100.1", "198.51.100.1"],
  ["the word of proxies in a row", "10.1.2.3", "1.2.3.4, 198.51.100.1, 192.0.2.7", "198.51.100.1"],
  ["proxies that ask for each other", "10.1.2.3", "10.9.9.9", "10.9.9.9"],
  ["a proxy that says nothing", "10.1.2.3", undefined, "10.1.2.3"],
  ["a proxy that says nonsense", "10.1.2.3", "198.51.100.1, <script>", "10.1.2.3"],
  ["an IPv4 address over IPv6", "::ffff:10.1.2.3", "::ffff:198.51.100.1", "198.51.100.1"],
  ["an IPv6 address, as its network", "2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::/64"],
  ["a short IPv6 address", "fd00::1", "2001:DB8::0001", "2001:db8:0:0::/64"],
  ["an IPv6 address of a zone", "fe80::1%eth0", undefined, "fe80:0:0:0::/64"],
  ["a socket that is gone", undefined, "198.51.100.1", undefined],
])("it takes %s", (_, remote, forwarded, expected) => {
  expect(clientAddress(asked(remote, forwarded), proxies)).toBe(expected);
});

test("without proxies nobody's word is taken", () => {
  expect(clientAddress(asked("10.1.2.3", "198.51.100.1"), proxiesOf([]))).toBe("10.1.2.3");
});
