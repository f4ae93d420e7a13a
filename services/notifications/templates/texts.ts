import type { MessageType } from "../contract.ts";

/** What the messages say in a language. In all of it the tags of templates may be used. */
export interface Texts {
  readonly greeting: string;
  readonly total: string;
  readonly unsubscribe: string;
  readonly messages: Readonly<Record<MessageType, MessageTexts>>;
  /** Why an order was cancelled, by its code. */
  readonly reasons: Readonly<Record<string, string>>;
}

export interface MessageTexts {
  readonly subject: string;
  /** The paragraphs of a mail. */
  readonly paragraphs: readonly string[];
  /** Whether the mail lists what was ordered. */
  readonly lists?: true;
  /** One sentence, for short messages. */
  readonly short: string;
}
