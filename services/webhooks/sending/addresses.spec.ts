import { isLoopback, isPublicAddress } from "./addresses.ts";

const REFUSED = {
  "this machine": ["127.0.0.1", "127.1.2.3", "::1"],
  "nowhere in particular": ["0.0.0.0", "0.1.2.3", "::"],
  "a private network": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
  "a link, and the clouds' metadata": ["169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254"],
  "a provider's inside": ["100.64.0.1", "100.127.255.255"],
  "a group, and everybody": ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"],
  "examples, benchmarks and what is reserved": [
    ...["192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1"],
    ...["2001:db8::1", "3fff::1", "100::1", "5f00::1"],
  ],
  "an IPv4 address in an IPv6 one": [
    ...["::ffff:10.0.0.1", "::ffff:a00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::10.0.0.1", "::ffff:0:10.0.0.1"],
    ...["64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1", "2002:a00:1::", "2002:7f00:1::1", "2001:0:a00:1::"],
  ],
  "a site of old, and what nobody was given": ["fec0::1", "4000::1", "c000::1"],
  "no address": ["", "localhost", "example.com", "10.0.0.1.example.com", "1.2.3.4.5", "fe80::1%eth0"],
} as const;

describe.each(Object.entries(REFUSED))("an address of %s", (_what, addresses) => {
  test.each(addresses)("%s is not public", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

test.each(["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
  "%s is public",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test("of this machine are its loopback addresses alone", () => {
  expect(["127.0.0.1", "127.9.9.9", "::1"].map(isLoopback)).toEqual([true, true, true]);
  expect(["10.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "localhost", "169.254.169.254"].some(isLoopback)).toBe(
    false,
  );
});
