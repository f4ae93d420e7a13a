/** What package-lock.json says of a package. */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  /** What its makers say who have given it up. */
  readonly deprecated?: string;
}

export type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };

/** What is wrong with the components of a lock file that production has. */
export function faultsOf({ packages }: Lock): string[] {
  return Object.entries(packages)
    .filter(([place, { dev }]) => place !== "" && !dev)
    .flatMap(([place, { version, integrity, resolved, link, deprecated }]) => [
      ...(version === undefined ? [`${place} has no version`] : []),
      ...(/^sha512-[\w+/]{86}==$/.test(integrity ?? "") ? [] : [`${place} has no hash`]),
      ...(link || resolved !== undefined ? [`${place} is not of the registry`] : []),
      ...(deprecated === undefined ? [] : [`${place} is given up: ${deprecated}`]),
    ]);
}
