import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { contracts, eventContract } from "../../platform/contracts.ts";
import { fieldErrors } from "../../platform/validator.ts";
import "../../services/catalog/contract.ts";
import "../../services/delivery/contract.ts";
import "../../services/inventory/contract.ts";
import "../../services/orders/contract.ts";
import "../../services/payments/contract.ts";
import "../../services/webhooks/contract.ts";

const FOLDER = path.join(import.meta.dirname, "samples");

/**
 * One event of each type and version, as it once stood in a log. Logs are for good: a contract that does not read
 * its sample any more would not read a shop's history. A sample is added with a new version, and never changed.
 */
describe("events as they stand in logs", () => {
  const samples = readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ""));
  const types = [...contracts.values()].flatMap((contract) => Object.keys(contract.events));

  test.each(types)("%s has a sample", (type) => {
    expect(samples).toContain(type);
  });

  test.each(samples)("%s can still be read", (type) => {
    const event = JSON.parse(readFileSync(path.join(FOLDER, `${type}.json`), "utf8"));
    const contract = eventContract(type);
    expect(event.type).toBe(type);
    expect(contract && fieldErrors(contract.data, event.data)).toEqual([]);
  });
});
