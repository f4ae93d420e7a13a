import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Config, DOMAINS, type DomainName } from "../platform/config.ts";
import type { Logger } from "../platform/logger.ts";

/** How long a start waits for a database, in ms. */
const PATIENCE_MS = 30_000;
const ATTEMPT_MS = 5_000;

/**
 * Waits until the databases of a node's domains answer, for half a minute at most. Then the node starts all the same:
 * most domains come up without theirs, answer 503 and take it as soon as it is there, and the other domains of the
 * node are needed. A domain that cannot, as auth, which needs its keys, ends the node with its error; the orchestrator
 * starts it again, half a minute apart and not in a loop.
 */
export async function waitForDatabases(config: Config, logger: unknown, patienceMs = PATIENCE_MS): Promise<void> {
  const domainsByUrl = new Map<string, DomainName[]>();
  for (const domain of DOMAINS.filter((name) => config.services.includes(name))) {
    const url = config.databases[domain];
    domainsByUrl.set(url, [...(domainsByUrl.get(url) ?? []), domain]);
  }
  await Promise.all(
    [...domainsByUrl].map(([url, domains]) => waitFor(url, domains, logger as Logger, Date.now() + patienceMs)),
  );
}

async function waitFor(url: string, domains: readonly DomainName[], logger: Logger, until: number): Promise<void> {
  for (let pauseMs = 250; ; pauseMs = Math.min(2 * pauseMs, 5_000)) {
    const error = await tryOnce(url);
    if (!error) return;
    const goOn = Date.now() + pauseMs > until;
    logger.warn({ err: error, domains }, goOn ? "starting without the database" : "waiting for the database");
    if (goOn) return;
    await sleep(pauseMs);
  }
}

async function tryOnce(connectionString: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: ATTEMPT_MS });
  client.on("error", () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    // Not awaited: a server that hangs does not close its side.
    client.end().catch(() => {});
  }
}
