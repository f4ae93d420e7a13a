import { Load, type Plan } from "../generator/load.ts";
import { assertOnly, measureWindow } from "../measure.ts";
import { Platform } from "../platform.ts";
import type { Bench, Figures, Scenario } from "../scenario.ts";

const PER_SECOND = 500;
const IN_FLIGHT = 32;

const SORTS = ["newest", "name", "price", "-price"];
const WORDS = ["", "blend", "measured", "brazil", "roast", "honduras coffee", "hazelnut", "no such thing"];
const CATEGORIES = ["", "coffee", "tea"];

/** Pages of lists: each way to sort, with words that are looked for or without, of a category or of all. */
export const LISTS: readonly string[] = SORTS.flatMap((sort) =>
  WORDS.flatMap((q) =>
    CATEGORIES.map((category) => {
      const asked = Object.entries({ q, category }).filter(([, value]) => value !== "");
      return `/api/v1/products?${new URLSearchParams([["sort", sort], ["limit", "20"], ...asked])}`;
    }),
  ),
);

function browse(pace: Plan["pace"]): (bench: Bench) => Promise<Figures> {
  return async (bench) => {
    await using platform = await Platform.start(bench);
    await using load = await Load.start({
      target: platform,
      requests: { name: "get", options: { paths: LISTS } },
      pace,
    });
    const parts = { server: bench.server, ...platform.parts, generator: load.child };
    const { figures } = await measureWindow(bench, load, parts, 200);
    assertOnly(await load.stop(), 200);
    return figures;
  };
}

export const scenario: Scenario = {
  name: "browsing",
  what: `${LISTS.length} different lists of 20 products out of 1,000, sorted, searched, by category; an operation is a list`,
  sides: [
    {
      name: `${PER_SECOND} a second, whatever the answers take`,
      run: browse({ kind: "open", perSecond: PER_SECOND, connections: 256 }),
    },
    { name: `as many as it can, ${IN_FLIGHT} in flight`, run: browse({ kind: "closed", connections: IN_FLIGHT }) },
  ],
};
