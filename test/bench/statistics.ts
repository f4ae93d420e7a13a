/** The value below which a share of the sorted values lies (nearest rank); 0 of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** The values from the least to the greatest. */
export function sort(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** What several rounds of one figure come to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of the values and how far they reach; undefined for none. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = sort(values);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) return undefined;
  return { median: (low + high) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** The slope of the line that is nearest to the points by least squares; 0 of fewer than two. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spreadOfX = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spreadOfX === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spreadOfX;
}
