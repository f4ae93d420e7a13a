import type { Service, ServiceBroker } from "moleculer";
import SequelizeDbAdapter from "moleculer-db-adapter-sequelize";
import { type Options, Sequelize } from "sequelize";
import { configOf, type DomainName } from "../../../platform/config.ts";
import { isUsable, PATIENCE, startInRoleOfAll } from "../../../platform/database.ts";

const CONNECTIONS = 5;

/**
 * moleculer-db's adapter on the domain's own role and schema. Moleculer copies everything that stands in a schema, so
 * the Sequelize is made only when the finished service connects: the adapter that is in the schema has none to copy.
 */
export class DomainSequelizeAdapter extends SequelizeDbAdapter {
  /** What the base class connects with: a Sequelize, and in the fourth place whether it may make tables. */
  declare opts: unknown[];
  readonly domain: DomainName;
  declare broker: ServiceBroker;

  constructor(domain: DomainName) {
    super({});
    this.domain = domain;
  }

  override init(broker: ServiceBroker, service: Service): void {
    super.init(broker, service);
    this.opts = [];
  }

  override connect(): Promise<void> {
    // Kept for the next attempt when this one fails; migrations alone make tables.
    if (this.opts.length === 0) this.opts = [this.open(), undefined, undefined, { noSync: true }];
    return super.connect();
  }

  private open(): Sequelize {
    const url = configOf(this.broker).databases[this.domain];
    const options: Options = {
      dialect: "postgres",
      logging: false,
      pool: { max: CONNECTIONS, acquire: 5_000, idle: 60_000, validate: isUsable },
      dialectOptions: {
        application_name: `waybill ${this.domain} reads`,
        // Of all tenants: one's own role could not use the index of the search, as ILIKE is not leakproof. The type of a
        // query wants its tenant.
        options: `-c search_path=${this.domain} ${startInRoleOfAll(url)}`,
        ...PATIENCE,
      },
    };
    return new Sequelize(url, options);
  }
}
