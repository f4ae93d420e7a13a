/** What a file is, told by its path alone. */
export interface Place {
  readonly layer: "platform" | "mixins" | "services" | "scripts" | "test" | "root";
  /** The folder below `services/`. */
  readonly domain?: string;
  readonly part: Part;
}

/**
 * A domain holds its `contract.ts` (whose parts, where it is long, lie in `contract/` and are imported by it alone), its `repository.ts` (or `<what>-repository.ts`; the same with `repository/`) and `<domain>.service.ts` (the
 * schema); one use case a file in `actions/`, `subscriptions/` and `timers/`; adapters to the outside in `providers/`,
 * `carriers/` and `media/`; `migrations/`; and in a folder of any other name what several use cases share. **Every other
 * file that lies directly in a domain's folder is pure**, as are those files of `platform/` that are named below. `api`
 * is no domain but the gateway to all: nothing in it counts as pure.
 */
type Part =
  | "contract"
  | "contractPart"
  | "repository"
  | "repositoryPart"
  | "schema"
  | "useCase"
  | "shared"
  | "adapter"
  | "migration"
  | "pure"
  | "gateway"
  | "mixin"
  | "plain"
  | "test";

/** A module that is no file of the repository. */
export interface External {
  readonly name: string;
  readonly kind: "builtin" | "dependency" | "devDependency" | "unresolvable";
}

/** One import: of a `local` file or of an `external` module. */
export interface Edge {
  readonly from: Place;
  readonly local?: Place;
  readonly external?: External;
  readonly typesOnly: boolean;
}

export interface Rule {
  readonly name: string;
  readonly breaks: (edge: Edge) => boolean;
}

const PURE_PLATFORM = /^platform\/(money|errors|clock|ids)\.ts$/;

/** Outside code that computes and does nothing else. `moleculer` is there for the class that its errors must extend. */
const PURE_EXTERNALS = new Set(["node:crypto", "node:zlib", "@sinclair/typebox", "moleculer"]);

export function placeOf(path: string): Place {
  const [layer, domain, ...inside] = path.split("/");
  const isTest = /\.(spec|test)\.[cm]?[jt]s$/.test(path);
  switch (layer) {
    case "test":
      return { layer, part: "test" };
    case "platform":
      return { layer, part: isTest ? "test" : PURE_PLATFORM.test(path) ? "pure" : "plain" };
    case "mixins":
      return { layer, part: isTest ? "test" : "mixin" };
    case "scripts":
      return { layer, part: isTest ? "test" : "plain" };
    case "services":
      if (domain === undefined || inside.length === 0) return { layer, part: "plain" };
      return { layer, domain, part: isTest ? "test" : partOf(domain, inside) };
    default:
      return { layer: "root", part: "plain" };
  }
}

const PART_OF_FOLDER: Readonly<Record<string, Part>> = {
  actions: "useCase",
  subscriptions: "useCase",
  timers: "useCase",
  providers: "adapter",
  carriers: "adapter",
  media: "adapter",
  migrations: "migration",
  contract: "contractPart",
  repository: "repositoryPart",
};

function partOf(domain: string, inside: readonly string[]): Part {
  const [first = "", ...deeper] = inside;
  if (deeper.length > 0) return domain === "api" ? "gateway" : (PART_OF_FOLDER[first] ?? "shared");
  if (first.endsWith(".service.ts")) return "schema";
  if (first === "contract.ts") return "contract";
  if (domain === "api") return "gateway";
  if (first === "fixtures.ts") return "shared";
  return /^(.+-)?repository\.ts$/.test(first) ? "repository" : "pure";
}

function isPlatform(place: Place | undefined): boolean {
  return place?.layer === "platform";
}

/** Breaks when a `part` imports anything but platform and the `allowed` parts, which are then of its own domain. */
function importsOnly(part: Part, ...allowed: readonly Part[]): Rule["breaks"] {
  return ({ from, local }) => from.part === part && !!local && !isPlatform(local) && !allowed.includes(local.part);
}

/** The operators' prompt is not where production is: its script asks for it, and says when it is not there. */
function isPrompt(from: Place, external: External): boolean {
  return from.layer === "scripts" && external.name === "moleculer-repl";
}

/** An import broken by several rules is reported under the first. */
export const rules: readonly Rule[] = [
  {
    name: "no-unresolvable",
    breaks: ({ external }) => external?.kind === "unresolvable",
  },
  {
    name: "no-dev-dependency",
    breaks: ({ from, external, typesOnly }) =>
      from.part !== "test" && external?.kind === "devDependency" && !typesOnly && !isPrompt(from, external),
  },
  {
    name: "no-test-in-production",
    breaks: ({ from, local }) => from.part !== "test" && local?.part === "test",
  },
  {
    name: "platform-stands-alone",
    breaks: ({ from, local }) => from.layer === "platform" && from.part !== "test" && !!local && !isPlatform(local),
  },
  {
    name: "mixins-import-platform-alone",
    breaks: importsOnly("mixin", "mixin"),
  },
  {
    name: "nobody-imports-api",
    breaks: ({ from, local }) => !!from.domain && from.domain !== "api" && local?.domain === "api",
  },
  {
    name: "api-imports-contracts-alone",
    breaks: ({ from, local }) =>
      from.domain === "api" && !!local?.domain && local.domain !== "api" && local.part !== "contract",
  },
  {
    name: "no-domain-to-domain",
    breaks: ({ from, local }) =>
      !!from.domain && from.domain !== "api" && !!local?.domain && local.domain !== from.domain,
  },
  {
    name: "nobody-imports-a-schema",
    breaks: ({ from, local }) => local?.part === "schema" && !!from.domain && from.part !== "test",
  },
  {
    name: "contract-is-one-door",
    breaks: ({ from, local }) =>
      local?.part === "contractPart" && !["contract", "contractPart", "test"].includes(from.part),
  },
  {
    name: "repository-is-one-door",
    breaks: ({ from, local }) =>
      local?.part === "repositoryPart" && !["repository", "repositoryPart", "test"].includes(from.part),
  },
  {
    name: "pure-imports-pure",
    breaks: ({ from, local, external, typesOnly }) => {
      if (from.part !== "pure") return false;
      if (external) return from.layer !== "platform" || !PURE_EXTERNALS.has(external.name);
      // A contract is data: schemas and coded errors, which a decision throws.
      if (local?.part === "pure" || local?.part === "contract") return false;
      return !(typesOnly && isPlatform(local));
    },
  },
  {
    name: "contract-imports-platform-alone",
    breaks: ({ from, local, external }) => {
      if (from.part !== "contract" && from.part !== "contractPart") return false;
      if (external) return external.name !== "@sinclair/typebox";
      return !isPlatform(local) && local?.part !== "contractPart";
    },
  },
  {
    name: "repository-imports-no-use-case",
    breaks: (edge) =>
      importsOnly("repository", "pure", "contract", "repositoryPart")(edge) ||
      importsOnly("repositoryPart", "pure", "contract", "repositoryPart")(edge),
  },
  {
    name: "use-cases-stand-apart",
    breaks: importsOnly("useCase", "pure", "contract", "repository", "adapter", "shared", "mixin"),
  },
  {
    name: "shared-imports-no-use-case",
    breaks: importsOnly("shared", "pure", "contract", "repository", "adapter", "shared"),
  },
  {
    name: "adapters-keep-no-state",
    breaks: importsOnly("adapter", "pure", "contract", "adapter"),
  },
  {
    name: "migrations-import-no-code",
    breaks: importsOnly("migration", "migration"),
  },
];
