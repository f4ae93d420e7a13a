import { type Context, Errors, type Middleware, type ServiceBroker } from "moleculer";

// Its types take it for the general error.
const Disconnected = Errors.BrokerDisconnectedError as unknown as new () => Error;

interface WithTransporter {
  readonly transit?: { readonly tx: { readonly connected: boolean } };
}

/**
 * Fails a call to another node at once while the bus is away. Moleculer would do so too, but only when it comes to
 * send it, and with two lines in the log for every call.
 */
export const busAway: Middleware = {
  name: "bus away",
  remoteAction(this: ServiceBroker, next: (ctx: Context) => Promise<unknown>) {
    return (ctx: Context) =>
      (this as unknown as WithTransporter).transit?.tx.connected ? next(ctx) : Promise.reject(new Disconnected());
  },
};
