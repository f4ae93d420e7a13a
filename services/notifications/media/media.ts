import type { Clock } from "../../../platform/clock.ts";
import type { Config } from "../../../platform/config.ts";
import type { Database } from "../../../platform/database.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";
import { MEDIA, type MediumName } from "../contract.ts";
import { HttpProvider } from "./http-provider.ts";
import type { Medium } from "./medium.ts";
import { SandboxMedium } from "./sandbox.ts";
import { SmtpMedium } from "./smtp.ts";

/** What the sandboxes keep what they were given by. */
export interface SandboxParts {
  readonly database: Database;
  readonly sealing: Sealing;
  readonly clock: Clock;
}

/** The media that the settings name. Those that they do not are sandboxes, and off in production. */
export function mediaOf(
  { media, production }: Pick<Config, "media" | "production">,
  parts: SandboxParts,
): ReadonlyMap<MediumName, Medium> {
  const { database, sealing, clock } = parts;
  const found = MEDIA.flatMap((name): [MediumName, Medium][] => {
    if (name === "email" && media.smtp) return [[name, new SmtpMedium(media.smtp)]];
    const provider = name === "email" ? undefined : media[name];
    if (provider) return [[name, new HttpProvider(name, provider, clock)]];
    return production ? [] : [[name, new SandboxMedium(name, database, sealing, clock)]];
  });
  return new Map(found);
}
