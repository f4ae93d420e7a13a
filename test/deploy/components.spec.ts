import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../support/process.ts";
import { faultsOf, type Lock, type LockedPackage } from "./components.ts";

const lock = JSON.parse(readFileSync(path.join(ROOT, "package-lock.json"), "utf8")) as Lock;

test("production's components have a version and a hash, are of the registry, and are not given up by their makers", () => {
  expect(faultsOf(lock)).toEqual([]);
  expect(Object.values(lock.packages).filter(({ dev }) => !dev).length).toBeGreaterThan(100);
});

describe("what is wrong with a component is noticed:", () => {
  const changed = (change: LockedPackage): Lock => {
    const place = "node_modules/pg";
    return { packages: { ...lock.packages, [place]: { ...lock.packages[place], ...change } } };
  };
  test.each<[string, LockedPackage, string]>([
    ["no hash", { integrity: "sha1-AAAA" }, "node_modules/pg has no hash"],
    ["another source", { resolved: "git+ssh://git@example.com/pg.git" }, "node_modules/pg is not of the registry"],
    ["a folder", { link: true }, "node_modules/pg is not of the registry"],
    ["given up", { deprecated: "use another" }, "node_modules/pg is given up: use another"],
  ])("%s", (_, change, fault) => {
    expect(faultsOf(changed(change))).toEqual([fault]);
  });
});
