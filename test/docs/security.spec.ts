import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");
const PAGE = "docs/security.md";

/** A row of a table: what a requirement asks, and what is said to hold it. */
interface Row {
  /** `1.2.3`, or `1.2.3 to 1.2.8` for all that lie between as well. */
  readonly ids: string;
  readonly levels: string;
  readonly held: string;
}

interface Named {
  readonly file: string;
  readonly words: string;
}

const API_RISKS = Array.from({ length: 10 }, (_, i) => `API${i + 1}`);
/** The requirements of OWASP's ASVS 5.0 that are of level 1 or 2, in its order. */
const levels = JSON.parse(read("test/docs/asvs-5.json")) as Readonly<Record<string, number>>;
const allIds = Object.keys(levels);

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** The rows of all tables of a page that begin with an id. */
function rowsOf(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
    const [ids = "", ...cells] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (/^API\d+$/.test(ids)) return [{ ids, levels: "", held: cells.at(-1) ?? "" }];
    return /^\d+\.\d+\.\d+/.test(ids) ? [{ ids, levels: cells[0] ?? "", held: cells.at(-1) ?? "" }] : [];
  });
}

/** The requirements that a row is about, by the order in which the list has them. */
function idsOf({ ids }: Row): string[] {
  if (ids.startsWith("API")) return [ids];
  const [first = "", last = first] = ids.split(" to ");
  const [from, to] = [allIds.indexOf(first), allIds.indexOf(last)];
  return from < 0 || to < from ? [ids] : allIds.slice(from, to + 1);
}

function testsOf({ held }: Row): Named[] {
  return [...held.matchAll(/`([^`]+\.ts)`: "([^"]*)"/g)].map((match) => ({
    file: match[1] as string,
    words: match[2] as string,
  }));
}

const REASON = /\b(Not applicable|Stated|Not held): [^;|]{8,}/;

function isOpen({ held }: Row): boolean {
  return held.includes("Not held: ");
}

const titles = new Map<string, string[]>();

/** The titles of a file's tests and of what groups them: the first text after `test(`, or after the table of an `each`. */
function titlesOf(file: string): string[] {
  let found = titles.get(file);
  if (!found) {
    const source = existsSync(path.join(ROOT, file)) ? read(file) : "";
    const literal = /(?:\b(?:test|it|describe)|\))\(\s*("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g;
    found = [...source.matchAll(literal)].map((match) => (match[1] as string).slice(1, -1).replaceAll('\\"', '"'));
    titles.set(file, found);
  }
  return found;
}

/** The ids that the section of open points has. */
function openPoints(page: string): string[] {
  const section = page.split("\n## Open points\n")[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^- \*\*([^*]+)\*\*/gm)].flatMap((match) => (match[1] as string).split(", "));
}

/** All that is wrong with a page. */
function faultsOf(page: string): string[] {
  const rows = rowsOf(page);
  const seen = rows.flatMap(idsOf);
  const named = rows.flatMap((row) => testsOf(row).map((one) => ({ row, ...one })));
  const open = openPoints(page);
  const levelsOf = (row: Row) => [...new Set(idsOf(row).map((id) => levels[id]))].sort().join(", ");
  return [
    ...[...allIds, ...API_RISKS].filter((id) => !seen.includes(id)).map((id) => `${id} is missing`),
    ...seen.filter((id, i) => seen.indexOf(id) !== i).map((id) => `${id} is there twice`),
    ...seen.filter((id) => !(id in levels) && !API_RISKS.includes(id)).map((id) => `${id} is no requirement`),
    ...rows
      .filter((row) => row.levels !== "" && row.levels !== levelsOf(row))
      .map((row) => `${row.ids} is of level ${levelsOf(row)}`),
    ...rows
      .filter((row) => testsOf(row).length === 0 && !REASON.test(row.held))
      .map(({ ids }) => `${ids} has neither a test nor a reason`),
    ...named
      .filter(({ file, words }) => words === "" || !titlesOf(file).some((title) => title.includes(words)))
      .map(({ row, file, words }) => `${row.ids}: ${file} has no test "${words}"`),
    ...rows.filter((row) => isOpen(row) && !open.includes(row.ids)).map(({ ids }) => `${ids} is not held, nor open`),
    ...open
      .filter((ids) => !rows.some((row) => row.ids === ids && isOpen(row)))
      .map((ids) => `${ids} is open, but not "Not held"`),
  ];
}

test("the page has a test or a reason for each requirement", () => {
  expect(faultsOf(read(PAGE))).toEqual([]);
});

test("each of the API's ten risks has several tests", () => {
  const few = rowsOf(read(PAGE)).filter((row) => row.ids.startsWith("API") && testsOf(row).length < 2);
  expect(few).toEqual([]);
});

describe("what is wrong with a page is noticed:", () => {
  const row = (ids: string) =>
    read(PAGE).match(new RegExp(`^\\| ${ids.replaceAll(".", "\\.")} \\|.*\n`, "m"))?.[0] ?? "";
  const held = row("9.1.1");
  const open = row("6.3.3");

  test.each<[string, string, string, string]>([
    ["a requirement that is missing", held, "", "9.1.1 is missing"],
    ["one that is there twice", held, held + held, "9.1.1 is there twice"],
    ["one that there is not", held, `${held}${held.replace("9.1.1", "9.9.9")}`, "9.9.9 is no requirement"],
    ["another level", held, held.replace("| 1 |", "| 2 |"), "9.1.1 is of level 1"],
    ["a row that says nothing", held, held.replace(/[^|]*\|\n$/, " |\n"), "9.1.1 has neither a test nor a reason"],
    [
      "a file that is not there",
      held,
      held.replace("identity-forged.test.ts", "identity-gone.test.ts"),
      '9.1.1: test/flow/rest/identity-gone.test.ts has no test "by %s is a 401"',
    ],
    [
      "a test that is not there",
      held,
      held.replace("by %s is a 401", "by %s is a 200"),
      '9.1.1: test/flow/rest/identity-forged.test.ts has no test "by %s is a 200"',
    ],
    [
      "a gap that is not among the open points",
      held,
      held.replace(/ \|\n$/, "; Not held: no. |\n"),
      "9.1.1 is not held, nor open",
    ],
    ["an open point that is held", open, open.replace("Not held", "Stated"), '6.3.3 is open, but not "Not held"'],
  ])("%s", (_, before, after, fault) => {
    const page = read(PAGE);
    expect(page).toContain(before);
    expect(before).not.toBe("");
    expect(faultsOf(page.replace(before, () => after))).toContain(fault);
  });
});
