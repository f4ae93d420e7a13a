import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { banner } from "../../scripts/banner.ts";
import { allRoutes } from "../../services/api/routes.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const PAGES = [
  "README.md",
  ...readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] as string);
}

/** The text without its blocks of code. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

/** The anchors that GitHub gives to a page's headings. */
function anchors(text: string): string[] {
  return matches(prose(text), /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** All that the TypeScript of some folders says. */
function sources(...folders: readonly string[]): string {
  return folders
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && !file.endsWith(".spec.ts"))
        .map((file) => read(path.join(folder, file))),
    )
    .join("\n");
}

describe.each(PAGES)("%s", (page) => {
  const text = read(page);
  const folder = path.dirname(page);

  test("links to what is there", () => {
    const links = matches(prose(text), /\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link));
    const broken = links.filter((link) => {
      const [file, anchor] = link.split("#") as [string, string | undefined];
      const target = file === "" ? page : path.join(folder, file);
      if (!existsSync(path.join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("names files that are there", () => {
    const named = matches(text, /`((?:services|platform|mixins|scripts|test|docs)\/[\w./-]+)`/g);
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  test("names npm scripts that are there", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = matches(text, /\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test("names routes that are there", () => {
    const declared = new Set(allRoutes.map(({ method, path: route }) => `${method} ${route}`));
    const named = matches(text, /`((?:GET|POST|PUT|DELETE) \/[^`?\s]*)/g);
    expect(named.filter((route) => !declared.has(route))).toEqual([]);
  });

  test("names events that are there", () => {
    const declared = new Set(matches(sources("services"), /"([a-z]+\.[a-z_]+\.v\d+)"/g));
    const named = matches(text, /\b([a-z]+\.[a-z_]+\.v\d+)\b/g);
    expect(named.filter((type) => !declared.has(type))).toEqual([]);
  });
});

test("the README's first order is the one that the platform prints", () => {
  const printed = banner({ url: "http://127.0.0.1:3000", dataDir: ".data", seconds: 1 });
  const commands = printed.match(/^ {4}(TOKEN=|curl )[\s\S]*?(?=\n\n)/gm)?.map((one) => one.replace(/^ {4}/gm, ""));
  expect(commands).toHaveLength(3);
  for (const command of commands ?? []) expect(read("README.md")).toContain(`${command}\n`);
});

test("the README keeps to its order", () => {
  const headings = matches(prose(read("README.md")), /^#+ (.*)$/gm);
  expect(headings).toEqual([
    "Waybill",
    "Two commands",
    "The first order",
    "The flow",
    "The cluster",
    "What to read next",
  ]);
});

test("the operations page has all metrics, and no other", () => {
  const counted = new Set(matches(sources("services", "mixins", "platform"), /"(waybill_[a-z_]+)"/g));
  expect([...new Set(matches(read("docs/operations.md"), /`(waybill_[a-z_]+)/g))].sort()).toEqual([...counted].sort());
});

test("the operations page quotes the log as it is", () => {
  const logged = sources("services", "mixins", "platform");
  const quoted = matches(read("docs/operations.md").split("## Logs")[1]?.split("\n## ")[0] ?? "", /^\| `([^`]+)` \|/gm);
  expect(quoted.length).toBeGreaterThan(3);
  expect(quoted.filter((message) => !logged.includes(`"${message}"`))).toEqual([]);
});

test("the lifecycle page has all events of an order, and the internal ones as internal", () => {
  const page = read("docs/lifecycle.md");
  const rows = matches(page, /^\| (`orders\.[^|]*)\|/gm);
  const types = new Set(matches(read("services/orders/contract/events.ts"), /"(orders\.[a-z_]+\.v1)"/g));
  expect(new Set(rows.flatMap((row) => matches(row, /`([^`]+)`/g)))).toEqual(types);
  const contract = read("services/orders/contract/events.ts");
  const internal = [...types].filter((type) =>
    new RegExp(`"${type.replaceAll(".", "\\.")}": \\{\\s*internal: true`).test(contract),
  );
  const shown = rows.filter((row) => row.includes("(internal)")).flatMap((row) => matches(row, /`([^`]+)`/g));
  expect(shown.sort()).toEqual(internal.sort());
});
