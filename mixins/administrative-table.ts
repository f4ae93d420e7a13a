import type { ServiceBroker, ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import SequelizeAdapter from "moleculer-db-adapter-sequelize";
import { type FindOptions, type Model, type ModelAttributes, type ModelStatic, Sequelize } from "sequelize";
import { configOf, type DomainName } from "../platform/config.ts";
import { asUnavailable, isUsable, PATIENCE, startInRoleOfAll } from "../platform/database.ts";
import type { DomainService } from "../platform/service.ts";

/** A plain table of a domain's schema that is read through moleculer-db. The migrations make it. */
export interface AdministrativeTable {
  readonly name: string;
  /** The columns that are read, and no others, as Sequelize wants them; `field` names a column that is called otherwise. */
  readonly columns: ModelAttributes;
}

/** A service with a table: `this.adapter.rows(...)` reads it. */
export interface WithTable extends DomainService {
  readonly adapter: TableAdapter;
}

/** Few, because these tables are read seldom or through a cache; the domain's own pool is beside it. */
const CONNECTIONS = 5;

/** moleculer-db's Sequelize adapter on the domain's own schema and role. */
export class TableAdapter extends SequelizeAdapter {
  // No private fields: Moleculer clones what is in a schema, and a clone has none. For the same reason the
  // connections are opened in `connect` and not here: a cloned Sequelize is a pool of its own that nobody closes.
  declare broker: ServiceBroker;
  declare service: { model: ModelStatic<Model> };
  declare db: Sequelize | undefined;
  declare model: ModelStatic<Model>;
  readonly domain: DomainName;
  readonly table: AdministrativeTable;

  constructor(domain: DomainName, table: AdministrativeTable) {
    super({});
    this.domain = domain;
    this.table = table;
  }

  override async connect(): Promise<void> {
    await this.db?.close();
    const url = configOf(this.broker).databases[this.domain];
    const db = new Sequelize(url, {
      dialect: "postgres",
      logging: false,
      pool: { max: CONNECTIONS, idle: 60_000, acquire: 5_000, validate: isUsable },
      dialectOptions: {
        ...PATIENCE,
        application_name: `waybill ${this.domain} tables`,
        options: `-c search_path=${this.domain} ${startInRoleOfAll(url)}`,
      },
    });
    this.db = db;
    const { name, columns } = this.table;
    this.model = db.define(name, columns, { tableName: name, timestamps: false });
    this.service.model = this.model;
    await db.authenticate();
  }

  /** The rows that fit, as plain objects. Throws UNAVAILABLE when the database is away. */
  async rows<R extends object>(options: FindOptions): Promise<R[]> {
    try {
      return (await this.model.findAll({ ...options, raw: true })) as unknown as R[];
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}

/**
 * moleculer-db for one plain table of a domain. None of its actions is there: `list` and `find` would take a
 * caller's own query, on columns and on tenants that are none of the caller's business.
 */
export function administrativeTable(domain: DomainName, table: AdministrativeTable): ServiceSchema {
  return {
    name: domain,
    mixins: [{ ...DbService, actions: {} } as unknown as ServiceSchema],
    adapter: new TableAdapter(domain, table),
    // The adapter wants a definition here; its own `connect` uses the table's.
    model: { name: table.name },
    settings: { idField: "id" },
  } as unknown as ServiceSchema;
}
