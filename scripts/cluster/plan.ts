import { SERVICES, type ServiceName } from "../../platform/config.ts";
import { httpUrl, stablePorts } from "../ports.ts";
import type { ClusterSettings } from "./settings.ts";

/** A node as it is to be started. */
export interface PlannedNode {
  /** `orders-1`. */
  readonly name: string;
  readonly service: ServiceName;
  /** A gateway's; the others listen nowhere. */
  readonly port?: number;
  readonly url?: string;
}

/** The nodes in the order of their start: those that are called before those that call, the gateways last. */
export async function planNodes({ nodesPerService, http }: ClusterSettings): Promise<PlannedNode[]> {
  const ports = http.port === 0 ? await stablePorts(nodesPerService, http.host) : [];
  const nodes: PlannedNode[] = [];
  for (const service of SERVICES) {
    for (let n = 0; n < nodesPerService; n += 1) {
      const name = `${service}-${n + 1}`;
      if (service !== "api") {
        nodes.push({ name, service });
        continue;
      }
      const port = ports[n] ?? http.port + n;
      nodes.push({ name, service, port, url: httpUrl(http.host, port) });
    }
  }
  return nodes;
}
