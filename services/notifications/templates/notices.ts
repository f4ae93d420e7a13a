import type { Notice } from "../notice.ts";

/** What a notice says in a language. */
interface NoticeTexts {
  readonly subject: string;
  readonly gone: string;
  /** @param since when it began to fail, in UTC */
  readonly failing: (since: string | undefined) => string;
  /** @param path of the request that enables it again */
  readonly again: (path: string) => string;
}

const en: NoticeTexts = {
  subject: "A webhook endpoint was disabled",
  gone: "It has answered 410 Gone.",
  failing: (since) => `It has answered nothing but failures${since === undefined ? "" : ` since ${since}`}.`,
  again: (path) =>
    `What was waiting for it is kept. When it works again, enable it by PUT ${path} with { "enabled": true }. What happens meanwhile is not recorded for it.`,
};
const de: NoticeTexts = {
  subject: "Ein Webhook-Endpunkt wurde abgeschaltet",
  gone: "Er hat mit 410 Gone geantwortet.",
  failing: (since) => `Er hat${since === undefined ? "" : ` seit ${since}`} nur mit Fehlern geantwortet.`,
  again: (path) =>
    `Was noch für ihn wartet, bleibt erhalten. Wenn er wieder arbeitet, schalten Sie ihn mit PUT ${path} und { "enabled": true } ein. Was inzwischen geschieht, wird für ihn nicht aufgezeichnet.`,
};
const LANGUAGES: Readonly<Record<string, NoticeTexts>> = { en, de };

/**
 * The mail of a notice, in a tenant's language as far as we speak it. Tenants have no templates for it: it is not for their
 * customers.
 */
export function noticeMail(
  { endpointId, reason, failingSince }: Notice,
  language: string | null,
): { readonly subject: string; readonly text: string } {
  const { subject, gone, failing, again } = LANGUAGES[language?.split("-")[0] ?? "en"] ?? en;
  // To the minute: `2026-11-22 10:00 UTC`.
  const since = failingSince === null ? undefined : `${failingSince.slice(0, 16).replace("T", " ")} UTC`;
  const why = reason === "GONE" ? gone : failing(since);
  return { subject, text: `${subject}: ${endpointId}\n\n${why}\n\n${again(`/api/v1/webhooks/${endpointId}`)}\n` };
}
