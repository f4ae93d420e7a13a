import type { ResultOf } from "../../../platform/contracts.ts";
import { type Database, statement } from "../../../platform/database.ts";

const ofClient = statement(
  "auth.edge_rules",
  `select c.limits, t.limits as "tenantLimits", t.cors_origins as origins
   from clients c join tenants t on t.id = c.tenant where c.id = $1`,
);
const allOrigins = statement(
  "auth.allowed_origins",
  "select distinct unnest(cors_origins) as origin from tenants where active",
);

/** What the edge lets a client do; undefined when there is no such client. */
export async function findEdgeRules(
  database: Database,
  client: string,
): Promise<ResultOf<"auth.edgeRules"> | undefined> {
  const [rules] = await database.acrossTenants.query<ResultOf<"auth.edgeRules">>(ofClient, [client]);
  return rules;
}

/** The origins that any tenant allows. */
export async function findOrigins(database: Database): Promise<string[]> {
  return (await database.acrossTenants.query<{ origin: string }>(allOrigins)).map(({ origin }) => origin);
}
