import { Cachers, type Context, Serializers, type ServiceBroker } from "moleculer";
import type { RedisLink } from "../redis.ts";
import { answered, type Store, tenantKey } from "./tenant-cache.ts";

/** What Moleculer's cacher has and its types do not tell. */
interface Inside {
  client: object | null;
  serializer: object;
  prefix: string;
}

/** Moleculer's cache in Redis, by tenant, on the node's own link: without Redis every answer is made anew. */
export class RedisCache extends Cachers.Redis {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    super({ keygen: tenantKey as never });
    this.#link = link;
  }

  /** Moleculer's own opens a connection that logs every attempt, waits for Redis, and fails the requests with it. */
  override init(broker: ServiceBroker): void {
    Cachers.Base.prototype.init.call(this, broker);
    const serializer = new Serializers.CBOR();
    serializer.init(broker);
    Object.assign(this as unknown as Inside, { serializer, prefix: "waybill-cache:" });
  }

  override get(key: string): Promise<never> {
    return this.#withClient(() => super.get(key)) as Promise<never>;
  }

  override set(key: string, value: unknown, seconds?: number): Promise<never> {
    return this.#withClient(() => super.set(key, value, seconds)) as Promise<never>;
  }

  override async close(): Promise<never> {
    // The link is closed by who has opened it.
    return undefined as never;
  }

  override middlewareWithoutLock(ctx: Context, key: string | null, handler: (ctx: Context) => Promise<unknown>) {
    return answered(this as unknown as Store, ctx, key, handler);
  }

  #withClient<T>(work: () => Promise<T>): Promise<T> {
    return this.#link.ask((client) => {
      (this as unknown as Inside).client = client;
      return work();
    });
  }
}
