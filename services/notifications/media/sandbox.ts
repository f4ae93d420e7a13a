import type { Clock } from "../../../platform/clock.ts";
import { type Database, statement } from "../../../platform/database.ts";
import { Recordset } from "../../../platform/recordset.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import type { MediumName } from "../contract.ts";
import type { Outcome, OutgoingMessage } from "../message.ts";
import type { Medium } from "./medium.ts";

/** The column that what the sandboxes were given is sealed in. */
export const SANDBOX_MESSAGES = "sandbox_messages.message";

const MESSAGES = new Recordset<object>("id uuid, tenant text, sealed text");
const keep = statement(
  "sandbox_medium.keep",
  `insert into sandbox_messages (id, tenant, sealed, received_at)
   select id, tenant, decode(sealed, 'base64'), $1::timestamptz from ${MESSAGES.from("m", 2)} order by id on conflict do nothing`,
);

/** Reaches nobody and keeps what it was given, where operators can look at it. */
export class SandboxMedium implements Medium {
  readonly name: MediumName;
  readonly kind = "sandbox";
  readonly atOnce = 256;
  readonly longestMs = 15_000;
  readonly #database: Database;
  readonly #sealing: Sealing;
  readonly #clock: Clock;

  constructor(name: MediumName, database: Database, sealing: Sealing, clock: Clock) {
    this.name = name;
    this.#database = database;
    this.#sealing = sealing;
    this.#clock = clock;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<Outcome[]> {
    const column = this.#sealing.column(SANDBOX_MESSAGES);
    const rows = messages.map((message) => {
      const { id, tenant } = message;
      return { id, tenant, sealed: column.seal({ tenant, id }, JSON.stringify(message)).toString("base64") };
    });
    await this.#database.acrossTenants.query(keep, [this.#clock.now(), ...MESSAGES.values(rows)]);
    return messages.map(() => ({ kind: "delivered" }));
  }

  close(): void {}
}
