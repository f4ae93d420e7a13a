import { LRUCache } from "lru-cache";

/** Making one takes longer than all else about a message. */
const formats = new LRUCache<string, Intl.NumberFormat>({ max: 500 });

/** An amount of minor units as people write it: `€12.34`, `12,34 €`, `¥1,234`. */
export function formatMoney(amount: number, currency: string, language: string): string {
  const key = `${language} ${currency}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(usable(language), { style: "currency", currency });
    formats.set(key, format);
  }
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** digits);
}

/** A language as customers have it may look like one and be none. */
function usable(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    return "en";
  }
}
