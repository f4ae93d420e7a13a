import type { Clock } from "../../../platform/clock.ts";
import { type Database, statement } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { Message } from "../message.ts";
import type { Medium } from "./medium.ts";

const MESSAGES = new Recordset<Message>("id uuid, tenant text, orderId uuid, type text");
const keep = statement(
  "sandbox_medium.keep",
  `insert into sandbox_messages (id, tenant, order_id, type, received_at)
   select id, tenant, "orderId", type, $1::timestamptz from ${MESSAGES.from("m", 2)} order by id on conflict do nothing`,
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
    await this.#database.acrossTenants.query(keep, [this.#clock.now(), ...MESSAGES.values(messages)]);
  }
}
