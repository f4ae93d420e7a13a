import type { Clock } from "../../../platform/clock.ts";
import { type Database, statement } from "../../../platform/database.ts";
import type { Message } from "../message.ts";
import type { Medium } from "./medium.ts";

const keep = statement(
  "sandbox_medium.keep",
  `insert into sandbox_messages (id, tenant, order_id, type, received_at)
   select id, tenant, "orderId", type, $2
   from json_to_recordset($1) as m(id uuid, tenant text, "orderId" uuid, type text)
   order by id on conflict do nothing`,
);

/** Reaches nobody and keeps what it was given. */
export class SandboxMedium implements Medium {
  readonly name = "sandbox";
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async send(messages: readonly Message[]): Promise<void> {
    await this.#database.query(keep, [JSON.stringify(messages), this.#clock.now()]);
  }
}
