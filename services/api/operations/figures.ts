import type { ServiceBroker } from "moleculer";
import { DOMAINS } from "../../../platform/config.ts";
import type { Figure } from "../../../platform/figure.ts";

/** How long a domain may take to answer how it is, in ms: who scrapes or probes does not wait long either. */
export const ANSWER_MS = 1_000;

/** The figures that the domains have of themselves. A domain that does not answer is shown by what is missing. */
export async function domainFigures(broker: ServiceBroker): Promise<Figure[]> {
  const options = { timeout: ANSWER_MS };
  const ofDomains = DOMAINS.map(async (domain): Promise<Figure[]> => {
    try {
      const figures = await broker.call<Figure[], object>(`${domain}.health.figures`, {}, options);
      return [up(domain, 1), ...figures.map((figure) => ({ ...figure, labels: { domain, ...figure.labels } }))];
    } catch {
      return [up(domain, 0)];
    }
  });
  const ofOrders = async (): Promise<Figure[]> => {
    try {
      return orderFigures(await broker.call<OrderFigures, object>("orders.figures", {}, options));
    } catch {
      return [];
    }
  };
  return (await Promise.all([...ofDomains, ofOrders()])).flat();
}

interface OrderFigures {
  readonly ordersByStatus: Readonly<Record<string, number>>;
  readonly processes: Readonly<Record<string, number>>;
}

function up(domain: string, value: number): Figure {
  return { name: "waybill_domain_up", help: "Whether the domain answers.", labels: { domain }, value };
}

function orderFigures({ ordersByStatus, processes }: OrderFigures): Figure[] {
  return [
    ...Object.entries(ordersByStatus).map(([status, value]) => ({
      name: "waybill_orders",
      help: "Orders by status.",
      labels: { status },
      value,
    })),
    ...Object.entries(processes).map(([state, value]) => ({
      name: "waybill_order_processes",
      help: "Order processes in trouble: tried again by themselves, or stuck until somebody decides.",
      labels: { state },
      value,
    })),
  ];
}

/** Figures in Prometheus' text form. */
export function figuresText(figures: readonly Figure[]): string {
  const byName = Map.groupBy(figures, ({ name }) => name);
  const lines = [...byName].flatMap(([name, group]) => [
    `# HELP ${name} ${group[0]?.help}`,
    `# TYPE ${name} gauge`,
    ...group.map(({ labels = {}, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text.replace(/["\\\n]/g, "_")}"`);
      return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
    }),
  ]);
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}
