/** What a message says, in the tags of Mustache. */
export interface Template {
  /** Of mail its subject, of a push notification its title; a short message has none. */
  readonly subject?: string;
  readonly text: string;
  /** Of mail alone. */
  readonly html?: string;
}

/** What templates can say of an order. All are texts as people read them; what there is none of is left out. */
export interface TemplateView {
  /** The shop: the name that its mail is from, or else its tenant's id. */
  readonly shop: string;
  readonly number: string;
  readonly customerName?: string;
  readonly total: string;
  readonly items: readonly {
    readonly sku: string;
    readonly name: string;
    readonly quantity: string;
    readonly total: string;
  }[];
  readonly carrier?: string;
  readonly trackingNumber?: string;
  /** Why it was cancelled. */
  readonly reason?: string;
  /** What goes back by the refund that the message is about, and what has gone back in all with it. */
  readonly refund?: string;
  readonly refunded?: string;
  /** Of mail alone. */
  readonly unsubscribeUrl?: string;
}

/** The tags that templates may use, and those of an item, which go within `{{#items}}`. */
export const TAGS: readonly (keyof TemplateView)[] = [
  "shop",
  "number",
  "customerName",
  "total",
  "items",
  "carrier",
  "trackingNumber",
  "reason",
  "refund",
  "refunded",
  "unsubscribeUrl",
];
export const ITEM_TAGS: readonly (keyof TemplateView["items"][number])[] = ["sku", "name", "quantity", "total"];
