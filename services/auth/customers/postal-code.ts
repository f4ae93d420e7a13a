import validator, { type PostalCodeLocale } from "validator";

const known: ReadonlySet<string> = new Set(validator.isPostalCodeLocales);

/** What is wrong with a country's postal code, if anything is. Of countries whose form is not known any will do. */
export function postalCodeProblem(country: string, postalCode: string): string | undefined {
  if (!known.has(country) || validator.isPostalCode(postalCode.trim(), country as PostalCodeLocale)) return undefined;
  return `is no postal code of ${country}`;
}
