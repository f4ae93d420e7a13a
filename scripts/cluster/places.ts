import { randomBytes } from "node:crypto";
import path from "node:path";
import { readPidFile } from "../../platform/embedded-postgres/pid-file.ts";
import { isPortFree, stablePorts } from "../ports.ts";
import { type ClusterState, readState } from "./state.ts";

/** Where the servers listen, and what their passwords are made of: the same at each start. */
export type Places = Pick<ClusterState, "ports" | "secrets">;

/**
 * The ports and secrets of the cluster that the data folder had before, or new ones for what is missing. A port that
 * somebody else has taken meanwhile is given up; PostgreSQL's may be held by itself, left running.
 */
export async function choosePlaces(dataDir: string): Promise<Places> {
  const before = readState(dataDir);
  const [nats, redis, postgres] = await stablePorts(3);
  const running = await readPidFile(path.join(dataDir, "postgres"));
  const reused = async (port: number | undefined) =>
    port !== undefined && (port === running?.port || (await isPortFree(port))) ? port : undefined;
  return {
    ports: {
      nats: (await reused(before?.ports.nats)) ?? (nats as number),
      redis: (await reused(before?.ports.redis)) ?? (redis as number),
      postgres: (await reused(before?.ports.postgres)) ?? (postgres as number),
    },
    secrets: before?.secrets ?? { nats: newSecret(), redis: newSecret() },
  };
}

function newSecret(): string {
  return randomBytes(24).toString("base64url");
}
