import type { OutgoingMessage } from "./message.ts";

/** How a tenant tells its customers. What is not set is null. */
export interface Settings {
  /** Whom mail is from, and what the shop is called in messages. */
  readonly senderName: string | null;
  readonly senderAddress: string | null;
  readonly replyTo: string | null;
  /** Of customers whose own is not known, and of the tenant's own notices. */
  readonly language: string | null;
}

/** The same with whom the tenant's own notices go to. */
export interface TenantSettings extends Settings {
  readonly contactEmail: string | null;
}

export const NO_SETTINGS: TenantSettings = {
  ...{ senderName: null, senderAddress: null, replyTo: null, language: null },
  contactEmail: null,
};

/** Whom a tenant's mail is from and answered to, as far as it is not the platform's own. */
export function senderOf({
  senderName,
  senderAddress,
  replyTo,
}: Settings): Required<Pick<OutgoingMessage, "sender">> & Pick<OutgoingMessage, "replyTo"> {
  return {
    sender: {
      ...(senderName !== null && { name: senderName }),
      ...(senderAddress !== null && { address: senderAddress }),
    },
    ...(replyTo !== null && { replyTo }),
  };
}
