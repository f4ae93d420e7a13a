const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SPACE = 1n << 35n;
// Odd, so that multiplying by it modulo a power of two maps no two numbers onto one.
const FACTOR = 0x4_d2b7_4e35n;

/**
 * The number of the n-th order: `W` and seven characters of Crockford's base 32, which has no I, L, O and U to be
 * misread. Different for every n below 2^35, and neighbours do not look alike, so that a shop's orders a day
 * cannot be read off.
 */
export function orderNumber(n: number): string {
  let rest = (BigInt(n) * FACTOR) % SPACE;
  let text = "";
  for (let i = 0; i < 7; i++) {
    text = ALPHABET[Number(rest % 32n)] + text;
    rest /= 32n;
  }
  return `W${text}`;
}
