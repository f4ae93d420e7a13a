import path from "node:path";

/** One process of the cluster, as people are shown it. */
export interface MapRow {
  readonly name: string;
  /** What it runs, in words. */
  readonly runs: string;
  readonly pid: number | undefined;
  /** Where it listens, if it does. */
  readonly address?: string;
  /** Its own data folder, if it has one. */
  readonly data?: string;
}

const HEADINGS = ["process", "runs", "pid", "listens on", "data"];

/** The map of a cluster: a line for each process, in columns. */
export function clusterMap(rows: readonly MapRow[]): string {
  const cells = rows.map(({ name, runs, pid, address = "", data }) => {
    return [name, runs, String(pid ?? "-"), address, data === undefined ? "" : shortened(data)];
  });
  const table = [HEADINGS, ...cells];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => (row[column] as string).length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join("   ")
      .trimEnd(),
  );
  return lines.map((line) => `    ${line}\n`).join("");
}

/** As it is shortest from here. */
function shortened(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.length < folder.length && !relative.startsWith("..") ? relative : folder;
}
