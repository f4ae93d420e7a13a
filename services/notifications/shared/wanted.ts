import type { MediumName, MessageType } from "../contract.ts";
import type { Wishes } from "../preference-repository.ts";
import { NO_SETTINGS, type Settings } from "../settings.ts";
import type { Template } from "../template.ts";
import { defaultTemplate } from "../templates/defaults.ts";

/** Mail goes to everybody who has not said no; what rings goes to those who have said yes. */
export function isWantedByDefault(medium: MediumName): boolean {
  return medium === "email";
}

/** How some recipients want to be told, and how their tenants want to tell them. */
export class Wanted {
  readonly #preferences: ReadonlyMap<string, boolean>;
  readonly #suppressed: ReadonlySet<string>;
  readonly #settings: ReadonlyMap<string, Settings>;
  readonly #templates: ReadonlyMap<string, Template>;

  constructor({ preferences, suppressed, settings, templates }: Wishes) {
    this.#preferences = new Map(
      preferences.map(({ tenant, customer, type, medium, enabled }) => [
        keyOf(tenant, customer, type, medium),
        enabled,
      ]),
    );
    this.#suppressed = new Set(suppressed.map(({ tenant, index }) => keyOf(tenant, index)));
    this.#settings = new Map(settings.map((row) => [row.tenant, row]));
    this.#templates = new Map(
      templates.map(({ tenant, type, medium, language, subject, text, html }) => [
        keyOf(tenant, type, medium, language),
        { text, ...(subject != null && { subject }), ...(html != null && { html }) },
      ]),
    );
  }

  /** Whether a customer, or somebody without an account, wants messages of a type by a medium. */
  isWanted(tenant: string, customer: string | undefined, type: MessageType, medium: MediumName): boolean {
    const said = customer === undefined ? undefined : this.#preferences.get(keyOf(tenant, customer, type, medium));
    return said ?? isWantedByDefault(medium);
  }

  /**
   * Whether the person behind an address has ended all mail to it.
   *
   * @param indexesOf the keyed hashes of the address; not asked for where nobody has, which is nearly always
   */
  isSuppressed(tenant: string, indexesOf: () => readonly Buffer[]): boolean {
    if (this.#suppressed.size === 0) return false;
    return indexesOf().some((index) => this.#suppressed.has(keyOf(tenant, index.toString("hex"))));
  }

  settingsOf(tenant: string): Settings {
    return this.#settings.get(tenant) ?? NO_SETTINGS;
  }

  /** What a message says, in the first of these languages that there is something in: theirs, the tenant's, English. */
  templateFor(
    tenant: string,
    type: MessageType,
    medium: MediumName,
    wanted: string | undefined,
  ): { readonly template: Template; readonly language: string } {
    for (const language of languagesOf(wanted, this.settingsOf(tenant).language)) {
      const template =
        this.#templates.get(keyOf(tenant, type, medium, language)) ?? defaultTemplate(type, medium, language);
      if (template) return { template, language };
    }
    throw new Error(`there is no template for ${type} by ${medium}`);
  }
}

/** Each language before the one that it is a kind of: `de-AT`, `de`. */
function languagesOf(...wanted: readonly (string | null | undefined)[]): string[] {
  return [...wanted, "en"].flatMap((language) => {
    if (!language) return [];
    const [base] = language.split("-") as [string];
    return base === language ? [language] : [language, base];
  });
}

function keyOf(...parts: readonly string[]): string {
  return parts.join(" ");
}
