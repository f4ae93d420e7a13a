import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Exchange } from "../http/exchange.ts";

/** The process's own metrics. One a process, however many gateways it has: some of them cannot be taken back. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** What the gateway counts. Labels are routes as declared, never paths as sent: their number is bounded. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #duration = new Histogram({
    name: "waybill_http_request_duration_seconds",
    help: "Requests by route, method and status, and how long they took.",
    labelNames: ["route", "method", "status"] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.#registry],
  });
  /** The histogram's children, by route, method and status: finding one by its labels costs more than observing. */
  readonly #children = new Map<string, { observe(seconds: number): void }>();

  constructor(counts: { readonly inFlight: () => number; readonly feeds: () => number; readonly shed: () => number }) {
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(value());
        },
      });
    gauge("waybill_http_requests_in_flight", "Requests in hand.", counts.inFlight);
    gauge("waybill_live_feeds", "Open live feeds.", counts.feeds);
    new Counter({
      name: "waybill_http_requests_shed_total",
      help: "Requests that were turned away because too many were in hand.",
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(counts.shed());
      },
    });
  }

  observe({ route, req }: Exchange, status: number, milliseconds: number): void {
    const method = route ? (req.method as string) : "OTHER";
    const path = route?.path ?? "none";
    const key = `${method} ${path} ${status}`;
    let child = this.#children.get(key);
    if (!child) {
      child = this.#duration.labels(path, method, String(status));
      this.#children.set(key, child);
    }
    child.observe(milliseconds / 1_000);
  }

  async text(): Promise<string> {
    return (await processMetrics().metrics()) + (await this.#registry.metrics());
  }
}
