import type { Manifest } from "../manifests.ts";

/** What a rule looks at. */
export interface World {
  readonly objects: readonly Manifest[];
  /** The Secrets that there are, with their keys. */
  readonly secrets: Readonly<Record<string, readonly string[]>>;
}

/** Says what is wrong, a line for each. */
export type Rule = (world: World) => string[] | Promise<string[]>;
