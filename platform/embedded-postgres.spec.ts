import { sharedBuffersMb } from "./embedded-postgres.ts";

const GB = 2 ** 30;

describe("the memory that pages are kept in", () => {
  it("is an eighth of the machine's, never less than PostgreSQL's own default, never more than 1 GB", () => {
    expect([0.5 * GB, GB, 2 * GB, 4 * GB, 24 * GB].map(sharedBuffersMb)).toEqual([128, 128, 256, 512, 1_024]);
  });
});
