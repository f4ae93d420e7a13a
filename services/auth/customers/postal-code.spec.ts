import { postalCodeProblem } from "./postal-code.ts";

test.each([
  ["DE", "20095"],
  ["GB", "SW1A 1AA"],
  ["US", "94107-1234"],
  ["NL", "1012 AB"],
  ["CA", "K1A 0B1"],
  // A country whose form is not known, and one that has no codes.
  ["AQ", "whatever 7"],
  ["HK", "-"],
])("of %s there may be %s", (country, code) => {
  expect(postalCodeProblem(country, code)).toBeUndefined();
});

test.each([
  ["DE", "2009"],
  ["GB", "20095"],
  ["US", "SW1A 1AA"],
  ["NL", "' or 1=1 --"],
])("of %s there is no %s", (country, code) => {
  expect(postalCodeProblem(country, code)).toBe(`is no postal code of ${country}`);
});
