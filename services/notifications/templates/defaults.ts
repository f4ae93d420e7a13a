import { MEDIA, MESSAGE_TYPES, type MediumName, type MessageType } from "../contract.ts";
import type { Template } from "../template.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import type { Texts } from "./texts.ts";

/** The languages that there are messages in without anybody having written templates. */
const LANGUAGES: Readonly<Record<string, Texts>> = { en, de };

/** The template of a message that a tenant has none of its own for; undefined in a language that we do not speak. */
export function defaultTemplate(type: MessageType, medium: MediumName, language: string): Template | undefined {
  return made.get(`${type} ${medium} ${language}`);
}

/** Why an order was cancelled, in words; undefined where there are none for it. */
export function reasonIn(language: string, code: string): string | undefined {
  const { reasons } = LANGUAGES[language.split("-")[0] as string] ?? en;
  return Object.hasOwn(reasons, code) ? reasons[code] : undefined;
}

const made = new Map(
  Object.entries(LANGUAGES).flatMap(([language, texts]) =>
    MESSAGE_TYPES.flatMap((type) =>
      MEDIA.map((medium): [string, Template] => [`${type} ${medium} ${language}`, templateOf(texts, type, medium)]),
    ),
  ),
);

function templateOf(texts: Texts, type: MessageType, medium: MediumName): Template {
  const { subject, short } = texts.messages[type];
  if (medium === "push") return { subject: "{{shop}}", text: short };
  if (medium === "sms") return { text: `{{shop}}: ${short}` };
  return { subject, text: textOf(texts, type), html: htmlOf(texts, type) };
}

function textOf({ greeting, total, unsubscribe, messages }: Texts, type: MessageType): string {
  const { paragraphs, lists } = messages[type];
  const list = `{{#items}}\n{{quantity}} x {{name}}: {{total}}\n{{/items}}\n${total}: {{total}}`;
  const parts = [greeting, ...paragraphs, ...(lists ? [list] : []), "{{shop}}"];
  return `${parts.join("\n\n")}\n{{#unsubscribeUrl}}\n\n${unsubscribe}: {{unsubscribeUrl}}\n{{/unsubscribeUrl}}\n`;
}

function htmlOf({ greeting, total, unsubscribe, messages }: Texts, type: MessageType): string {
  const { paragraphs, lists } = messages[type];
  const cell = 'style="padding:4px 12px 4px 0"';
  const row = (what: string, amount: string) => `<tr><td ${cell}>${what}</td><td align="right">${amount}</td></tr>`;
  const list = `<table>{{#items}}${row("{{quantity}} &times; {{name}}", "{{total}}")}{{/items}}${row(`<b>${total}</b>`, "<b>{{total}}</b>")}</table>`;
  const parts = [greeting, ...paragraphs].map((text) => `<p>${text}</p>`);
  return `<!doctype html>
<html>
<body style="font:16px/1.5 sans-serif;max-width:36em">
${[...parts, ...(lists ? [list] : []), "<p>{{shop}}</p>"].join("\n")}
{{#unsubscribeUrl}}
<p style="font-size:13px"><a href="{{unsubscribeUrl}}">${unsubscribe}</a></p>
{{/unsubscribeUrl}}
</body>
</html>
`;
}
