import { ServiceBroker, type ServiceSchema } from "moleculer";
import { brokerOptions } from "../moleculer.config.ts";
import type { Config } from "../platform/config.ts";

/** Makes a broker with the services that the settings name, ready to be started. */
export async function createNode(config: Config): Promise<ServiceBroker> {
  const broker = new ServiceBroker(brokerOptions(config));
  for (const name of config.services) {
    const { default: schema } = (await import(`../services/${name}/${name}.service.ts`)) as { default: ServiceSchema };
    broker.createService(schema);
  }
  return broker;
}
