import type pg from "pg";
import { type EncryptionKeys, readEncryptionKeys } from "../../../platform/sealing/encryption-keys.ts";
import { Sealing } from "../../../platform/sealing/sealing.ts";
import { PERSONAL_DATA } from "../../../services/orders/shared/personal-data.ts";
import { ENCRYPTION_KEYS } from "../../support/keys.ts";
import { TENANT } from "../shop.ts";
import type { Sample } from "./sample.ts";

/** The sealed column of orders, whose value opens in its own row alone, and is no part of another order's. */
export const SEALED = { schema: "orders", table: "order_details", column: "sealed" } as const;

/** The id of the sample's order. */
export function orderIdOf(sample: Sample): string {
  return cellOf(sample, "order_id");
}

/** Seals what the sample says of its customer once for each order of the table `growth_orders`. */
export class PersonalDataMaker {
  readonly #column = new Sealing("orders", readEncryptionKeys(ENCRYPTION_KEYS) as EncryptionKeys).column(PERSONAL_DATA);
  readonly #text: string;
  readonly #ids: string;

  /** @param orderId SQL for the id of an order `c` */
  constructor(sample: Sample, orderId: string) {
    const sealed = Buffer.from(cellOf(sample, SEALED.column).replace(/^\\x/, ""), "hex");
    this.#text = this.#column.open({ tenant: TENANT, id: orderIdOf(sample) }, sealed);
    this.#ids = `select c.i, ${orderId} as id from growth_orders c`;
  }

  async seal(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<{ i: string; id: string }>(this.#ids);
    const sealed = rows.map(({ id }) => this.#column.seal({ tenant: TENANT, id }, this.#text));
    await client.query(
      "update growth_orders c set personal = s.personal from unnest($1::bigint[], $2::bytea[]) s (i, personal) where c.i = s.i",
      [rows.map(({ i }) => i), sealed],
    );
  }
}

function cellOf({ tables }: Sample, column: string): string {
  const table = tables.find(({ schema, name }) => schema === SEALED.schema && name === SEALED.table);
  const value = table?.rows[0]?.[table.columns.findIndex(({ name }) => name === column)];
  if (value == null) throw new Error(`the sample's order has no ${SEALED.schema}.${SEALED.table}.${column}`);
  return value;
}
