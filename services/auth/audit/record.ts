import { coalesce } from "../../../platform/coalesce.ts";
import { inTransaction } from "../../../platform/database.ts";
import { type DomainService, serviceContext } from "../../../platform/service.ts";
import type { AuditEntry } from "./audit-entry.ts";
import { appendEntries } from "./audit-repository.ts";

const RECORDED_TOGETHER = 64;

/** Records an entry; those that come at the same time are recorded together, as one holds the log's end locked. */
export type Recorder = (entry: AuditEntry) => Promise<void>;

/** The one way into the audit log that is no part of another transaction. */
export function recorder(service: DomainService): Recorder {
  return coalesce<AuditEntry, void>(
    async (entries) => {
      await inTransaction(serviceContext(service), async (tx) => {
        const { sequence, hash } = await appendEntries(tx, entries, service.clock.now());
        // Outside of the database it is what the log can be held against: rows that were made anew have other hashes.
        tx.afterCommit(() => service.logger.info({ sequence, hash }, "the audit log has grown"));
      });
      return entries.map(() => undefined);
    },
    { max: RECORDED_TOGETHER },
  );
}
