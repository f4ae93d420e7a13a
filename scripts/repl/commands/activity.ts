import type { Command } from "../command.ts";

/** Ends what a client may do, and all its tokens. */
export const clientDisable: Command = {
  usage: "client-disable <client>",
  description: "Disables a client: it gets no tokens, and those that it has end within a second",
  run: (operator, { client = "" }) => setClient(operator, client, false),
};

/** Lets a client have tokens again. */
export const clientEnable: Command = {
  usage: "client-enable <client>",
  description: "Lets a client that was disabled have tokens again",
  run: (operator, { client = "" }) => setClient(operator, client, true),
};

/** Lets a customer in no more, and ends all their tokens. */
export const customerDisable: Command = {
  usage: "customer-disable <id>",
  description: "Disables a customer: they cannot log in, and their logins end within a second",
  run: (operator, { id = "" }) => setCustomer(operator, id, false),
};

/** Lets a customer log in again. */
export const customerEnable: Command = {
  usage: "customer-enable <id>",
  description: "Lets a customer who was disabled log in again",
  run: (operator, { id = "" }) => setCustomer(operator, id, true),
};

/** Ends what all clients of a tenant may do. */
export const tenantDisable: Command = {
  usage: "tenant-disable <id>",
  description:
    "Disables a tenant: its clients and customers get no tokens, and those that they have end within a second",
  run: (operator, { id = "" }) => setTenant(operator, id, false),
};

/** Lets the clients of a tenant have tokens again. */
export const tenantEnable: Command = {
  usage: "tenant-enable <id>",
  description: "Lets a tenant that was disabled have tokens again",
  run: (operator, { id = "" }) => setTenant(operator, id, true),
};

type Operator = Parameters<Command["run"]>[0];

async function setClient(operator: Operator, id: string, active: boolean): Promise<string> {
  const client = await operator.ask("auth.updateClient", { id, active });
  return `The client ${client.id} of ${client.tenant} is ${client.active ? "active" : "disabled"}.`;
}

async function setCustomer(operator: Operator, id: string, active: boolean): Promise<string> {
  const customer = await operator.ask("auth.updateCustomer", { id, active });
  return `The customer ${customer.id} of ${customer.tenant} is ${customer.active ? "active" : "disabled"}.`;
}

async function setTenant(operator: Operator, id: string, active: boolean): Promise<string> {
  const tenant = await operator.ask("auth.updateTenant", { id, active });
  return `The tenant ${tenant.id} is ${tenant.active ? "active" : "disabled"}.`;
}
