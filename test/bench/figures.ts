/** How a figure is called in the table, and how many digits it has after the point. */
interface FigureKind {
  readonly label: string;
  readonly digits: number;
}

/** All figures, in the order of the table. What an operation is, the scenario says. */
export const FIGURES = {
  perSecond: { label: "operations a second", digits: 0 },
  restPerSecond: { label: "  until all is at rest", digits: 0 },
  eventsPerSecond: { label: "events a second", digits: 0 },
  seconds: { label: "seconds", digits: 2 },
  p50: { label: "p50, ms", digits: 2 },
  p99: { label: "p99, ms", digits: 2 },
  postP50: { label: "POST order p50, ms", digits: 2 },
  postP99: { label: "POST order p99, ms", digits: 2 },
  orderP99: { label: "GET order p99, ms", digits: 2 },
  ordersP99: { label: "GET orders p99, ms", digits: 2 },
  productP99: { label: "GET product p99, ms", digits: 2 },
  productsP99: { label: "GET products p99, ms", digits: 2 },
  authoriseP99: { label: "authorise p99, ms", digits: 2 },
  captureP99: { label: "capture p99, ms", digits: 2 },
  refundP99: { label: "refund p99, ms", digits: 2 },
  voidP99: { label: "void p99, ms", digits: 2 },
  openAtEnd: { label: "orders on their way at the end", digits: 0 },
  cpu: { label: "CPU an operation, µs", digits: 0 },
  cpuNode: { label: "  of Node", digits: 0 },
  cpuGenerator: { label: "  of the generator", digits: 0 },
  cpuPostgres: { label: "  of PostgreSQL", digits: 0 },
  cpuBus: { label: "  of NATS and Redis", digits: 0 },
  transactions: { label: "transactions an operation", digits: 2 },
  statements: { label: "statements an operation", digits: 2 },
  roundTrips: { label: "round trips an operation", digits: 2 },
  events: { label: "events an operation", digits: 2 },
  walBytes: { label: "WAL an operation, bytes", digits: 0 },
  fsyncs: { label: "fsyncs an operation", digits: 2 },
  rssMb: { label: "most memory of Node, MB", digits: 0 },
  feedKb: { label: "memory of Node a live feed, kB", digits: 1 },
  rssEarlyMb: { label: "  after a sixth of the time, MB", digits: 0 },
  rssLateMb: { label: "  at the end, MB", digits: 0 },
  rssGrowth: { label: "  growth an hour, MB", digits: 0 },
} satisfies Record<string, FigureKind>;

export type FigureName = keyof typeof FIGURES;

/** A figure as text, with its thousands apart. */
export function figureText(name: FigureName, value: number): string {
  const { digits } = FIGURES[name];
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
