import pg from "pg";

/** What a process has exchanged with PostgreSQL. */
export interface Traffic {
  /** Statements that it has sent, `begin` and `commit` among them: how often, by connection and name. */
  readonly statements: Record<string, number>;
  /** How often it has waited for an answer; statements that were sent together wait once. */
  roundTrips: number;
  /** Transactions that have ended, lone statements among them. */
  transactions: number;
}

export function sumOfTraffic(all: readonly Traffic[]): Traffic {
  const sum: Traffic = { statements: {}, roundTrips: 0, transactions: 0 };
  for (const { statements, roundTrips, transactions } of all) {
    for (const [name, count] of Object.entries(statements)) {
      sum.statements[name] = (sum.statements[name] ?? 0) + count;
    }
    sum.roundTrips += roundTrips;
    sum.transactions += transactions;
  }
  return sum;
}

interface Hooked {
  query(...args: unknown[]): unknown;
  _handleReadyForQuery(message: { readonly status: "I" | "T" | "E" }): void;
  readonly connectionParameters: { readonly application_name?: string };
}

/** Counts from now on what every client of `pg` in this process sends, and what the server says of it. */
export function countTraffic(): Traffic {
  const traffic: Traffic = { statements: {}, roundTrips: 0, transactions: 0 };
  const client = pg.Client.prototype as unknown as Hooked;
  const { query, _handleReadyForQuery: ready } = client;
  client.query = function (this: Hooked, ...args) {
    const name = `${this.connectionParameters.application_name ?? ""}: ${nameOf(args[0])}`;
    traffic.statements[name] = (traffic.statements[name] ?? 0) + 1;
    return query.apply(this, args);
  };
  // The server is ready once at the end of each exchange, and idle ("I") when no transaction is open any more.
  client._handleReadyForQuery = function (this: Hooked, message) {
    traffic.roundTrips += 1;
    if (message.status === "I") traffic.transactions += 1;
    return ready.call(this, message);
  };
  return traffic;
}

/** A prepared statement's name, or the first words of any other. */
function nameOf(query: unknown): string {
  if (typeof query === "string") return query.slice(0, 40);
  const { name, text } = query as { readonly name?: string; readonly text?: string };
  return name ?? text?.slice(0, 40) ?? "";
}
