import type { Instant } from "../../../platform/clock.ts";
import type { Sealing } from "../../../platform/sealing/sealing.ts";

/** What is personal of a customer. */
export interface Profile {
  readonly email: string;
  readonly name?: string;
  readonly phone?: string;
  readonly language?: string;
}

/** A customer's row, as far as the profile is concerned: sealed, or as it was before that. */
export interface ProfileColumns {
  readonly id: string;
  readonly tenant: string;
  readonly sealed: Buffer | null;
  readonly email: string | null;
  readonly name: string | null;
}

/** Which version of a profile, and when it was written. */
export interface ProfileVersion {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** The columns that profiles are sealed in and customers are looked for by. */
export const PROFILES = "customers.profile";
const EMAILS = "customers.email";

/** An address as customers are found by it. */
export function emailKey(email: string): string {
  return email.normalize("NFC").toLowerCase();
}

/** What a customer's row has in the place of their address, by each key: that of the first one is kept. */
export function emailIndexes(sealing: Sealing, tenant: string, email: string): Buffer[] {
  return sealing.indexesOf(EMAILS, tenant, emailKey(email));
}

export function sealProfile(
  sealing: Sealing,
  { id, tenant }: { id: string; tenant: string },
  profile: Profile,
): Buffer {
  return sealing.column(PROFILES).seal({ tenant, id }, JSON.stringify(profile));
}

export function openProfile(sealing: Sealing, { id, tenant, sealed, email, name }: ProfileColumns): Profile {
  if (sealed) return JSON.parse(sealing.column(PROFILES).open({ tenant, id }, sealed)) as Profile;
  return { email: email as string, ...(name !== null && { name }) };
}

/** A profile as its customer sees it. */
export function profileView(row: ProfileVersion, profile: Profile): ProfileVersion & Profile {
  const { id, version, createdAt, updatedAt } = row;
  return { id, ...profile, version, createdAt, updatedAt };
}
