import { LRUCache } from "lru-cache";

/** How amounts of a currency are written, and how many minor units it has. Asking for that takes longer than writing one. */
interface MoneyFormat {
  readonly format: Intl.NumberFormat;
  readonly minorUnits: number;
}

const formats = new LRUCache<string, MoneyFormat>({ max: 500 });

/** An amount of minor units as people write it: `€12.34`, `12,34 €`, `¥1,234`. */
export function formatMoney(amount: number, currency: string, language: string): string {
  const key = `${language} ${currency}`;
  let known = formats.get(key);
  if (!known) {
    known = moneyFormat(currency, language);
    formats.set(key, known);
  }
  return known.format.format(amount / known.minorUnits);
}

function moneyFormat(currency: string, language: string): MoneyFormat {
  const format = new Intl.NumberFormat(usable(language), { style: "currency", currency });
  return { format, minorUnits: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2) };
}

/** A language as customers have it may look like one and be none. */
function usable(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    return "en";
  }
}
