import { rm } from "node:fs/promises";
import type { EmbeddedPostgres } from "../../platform/embedded-postgres.ts";

export default async function globalTeardown(): Promise<void> {
  const { waybillTestPostgres } = globalThis as unknown as {
    waybillTestPostgres: { postgres: EmbeddedPostgres; dataDir: string };
  };
  await waybillTestPostgres.postgres.stop();
  await rm(waybillTestPostgres.dataDir, { recursive: true, force: true });
}
