import type { Sealing } from "../../../platform/sealing/sealing.ts";

/** Whose mail a link ends. */
export interface Unsubscriber {
  readonly tenant: string;
  readonly email: string;
  /** Of somebody with an account, whose preferences it changes. */
  readonly customer?: string;
}

const TOKENS = "unsubscribe.token";
const ADDRESSES = "suppressions.address";
const PLACE = { tenant: "*", id: "unsubscribe" };

/** What a mail's link carries: only we can read it, and make it. It is good as long as the key that sealed it is there. */
export function unsubscribeToken(sealing: Sealing, who: Unsubscriber): string {
  return sealing.column(TOKENS).seal(PLACE, JSON.stringify(who)).toString("base64url");
}

/** Whom a token names; undefined for one that is not ours. */
export function unsubscriberOf(sealing: Sealing, token: string): Unsubscriber | undefined {
  try {
    return JSON.parse(sealing.column(TOKENS).open(PLACE, Buffer.from(token, "base64url"))) as Unsubscriber;
  } catch {
    return undefined;
  }
}

/** The column that suppressed addresses are sealed in. */
export const SUPPRESSED = "suppressions.sealed";

/** What an address is found by, by each key: that of the first one is kept. */
export function addressIndexes(sealing: Sealing, tenant: string, email: string): Buffer[] {
  return sealing.indexesOf(ADDRESSES, tenant, email.normalize("NFC").toLowerCase());
}
