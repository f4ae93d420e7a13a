import type { Problem } from "../../../platform/errors.ts";
import { endpointUrl } from "./target.ts";

const refusal = (url: string, hosts: string[] = []): string | undefined => {
  try {
    endpointUrl(url, hosts);
    return undefined;
  } catch (error) {
    return (error as Problem).details.errors?.[0]?.message;
  }
};

describe("the URL of an endpoint", () => {
  test("is kept in the one form that it has", () => {
    expect(endpointUrl("https://Shop.Example/hook?a=b", [])).toBe("https://shop.example/hook?a=b");
    expect(endpointUrl("https://8.8.8.8:8443/", [])).toBe("https://8.8.8.8:8443/");
  });

  test.each([
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://①②⑦.0.0.1/",
    "https://0/",
    "https://10.0.0.1/",
    "https://167772161/",
    "https://012.0.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
  ])("%s is refused: it is not a public address", (url) => {
    expect(refusal(url)).toBe("must be at a public address");
  });

  test.each([
    ["http://shop.example/", "must be an https URL"],
    ["ftp://shop.example/", "must be an https URL"],
    ["file:///etc/passwd", "must be an https URL"],
    ["gopher://127.0.0.1:6379/_x", "must be an https URL"],
    ["https://[fe80::1%25eth0]/", "must be an https URL"],
    ["//shop.example", "must be an https URL"],
    ["https://", "must be an https URL"],
    ["https://user:secret@shop.example/", "must name no user: calls are signed"],
    ["https://shop.example@127.0.0.1/", "must name no user: calls are signed"],
    ["https://shop.example/#part", "must have no fragment"],
  ])("%s is refused", (url, message) => {
    expect(refusal(url)).toBe(message);
  });

  test("may be on this machine and without TLS where its host is named, and no other", () => {
    const hosts = ["127.0.0.1", "::1", "localhost"];
    expect(endpointUrl("http://127.0.0.1:4000/x", hosts)).toBe("http://127.0.0.1:4000/x");
    expect(endpointUrl("http://[::1]:4000/x", hosts)).toBe("http://[::1]:4000/x");
    expect(endpointUrl("http://localhost/", hosts)).toBe("http://localhost/");
    expect(refusal("http://127.0.0.2/", hosts)).toBe("must be an https URL");
    expect(refusal("https://127.0.0.2/", hosts)).toBe("must be at a public address");
    expect(refusal("https://10.0.0.1/", hosts)).toBe("must be at a public address");
  });
});
