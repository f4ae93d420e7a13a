import { LRUCache } from "lru-cache";
import Mustache from "mustache";
import type { Template, TemplateView } from "../template.ts";

/** The templates that a node keeps parsed. */
const PARSED = 1_000;

const writer = new Mustache.Writer();
// Its own cache grows without end.
const parsed = new LRUCache<string, unknown[]>({ max: PARSED });
Object.assign(writer, {
  templateCache: {
    get: (key: string) => parsed.get(key),
    set: (key: string, tokens: unknown[]) => void parsed.set(key, tokens),
    clear: () => parsed.clear(),
  },
});

const asItIs = { escape: (text: string) => text };
// Whatever a name has in it: a subject is one line of a header.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f\u2028\u2029]+/g;

/** What a template says of an order. In HTML all that comes from outside is escaped. */
export function render({ subject, text, html }: Template, view: TemplateView): Template {
  return {
    ...(subject !== undefined && {
      subject: writer
        .render(subject, view, {}, asItIs as never)
        .replace(CONTROLS, " ")
        .trim(),
    }),
    text: writer.render(text, view, {}, asItIs as never),
    ...(html !== undefined && { html: writer.render(html, view) }),
  };
}
