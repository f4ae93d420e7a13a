import type { DeadLetter } from "../../../mixins/dead-letters.ts";
import type { Command } from "../command.ts";
import { askWhoeverHasIt, idsOfDeadLetters, listDeadLetters } from "../dead-letters.ts";
import { columns, facts, section, short, time } from "../text.ts";

const MOST = 100;

/** The dead letters of all domains, or one of them whole. */
export const deadLetters: Command = {
  usage: "dead-letters [id]",
  description: "The events that failed all their attempts; with an id one of them, whole",
  complete: idsOfDeadLetters,
  async run(operator, { id }) {
    if (id !== undefined) return whole(await askWhoeverHasIt<DeadLetter>(operator, "get", id));
    const { letters, away } = await listDeadLetters(operator, MOST);
    const rows = letters.map((letter) => [
      letter.id,
      letter.event.tenant,
      `${letter.domain} < ${letter.channel}`,
      letter.event.type,
      time(letter.parkedAt),
      String(letter.waiting),
      short(letter.error),
    ]);
    const headings = ["id", "tenant", "reader < log", "event", "since", "behind it", "error"];
    const absent = away.length > 0 ? `\n  Not available, so not asked: ${away.join(", ")}.` : "";
    return section(
      `Dead letters${letters.length === MOST ? ` (the newest ${MOST})` : ""}`,
      columns(headings, rows) + absent,
    );
  },
};

function whole({ id, domain, channel, stream, error, attempts, parkedAt, waiting, event }: DeadLetter): string {
  const about = facts(`Dead letter ${id}`, {
    reader: domain,
    log: channel,
    tenant: event.tenant,
    stream,
    event: `${event.type}, version ${event.version}, sequence ${event.sequence}, ${time(event.at)}`,
    attempts: String(attempts),
    since: time(parkedAt),
    "behind it": `${waiting} later events of the stream`,
    error,
  });
  return `${about}\n\n${JSON.stringify({ data: event.data, meta: event.meta }, null, 2)}`;
}
