/** How a tenant tells its customers. What is not set is null. */
export interface Settings {
  /** Whom mail is from, and what the shop is called in messages. */
  readonly senderName: string | null;
  readonly senderAddress: string | null;
  readonly replyTo: string | null;
  /** Of customers whose own is not known. */
  readonly language: string | null;
}

export const NO_SETTINGS: Settings = { senderName: null, senderAddress: null, replyTo: null, language: null };
