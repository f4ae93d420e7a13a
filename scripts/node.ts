import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import { type Config, configOf, SERVICES, type ServiceName } from "../platform/config.ts";
import { httpUrl } from "./ports.ts";

/** The schemas of some services. Most of the time that a node takes to start goes into loading them. */
export async function loadServices(names: readonly ServiceName[]): Promise<ServiceSchema[]> {
  // What a node reads of other domains it checks by their contracts, whether they run here or not.
  for (const name of SERVICES) await import(`../services/${name}/contract.ts`);
  const schemas: ServiceSchema[] = [];
  for (const name of names) schemas.push((await import(`../services/${name}/${name}.service.ts`)).default);
  return schemas;
}

/** Makes a broker with the services that the settings name, ready to be started. */
export async function createNode(config: Config): Promise<ServiceBroker> {
  const schemas = await loadServices(config.services);
  const broker = new ServiceBroker(brokerOptions(config));
  for (const schema of schemas) broker.createService(schema);
  return broker;
}

/** Where the gateway of a started node listens; undefined when the node has none. */
export function gatewayUrl(broker: ServiceBroker): string | undefined {
  const gateway = broker.getLocalService("api") as unknown as { server: { address(): { port: number } } } | undefined;
  return gateway && httpUrl(configOf(broker).http.host, gateway.server.address().port);
}
