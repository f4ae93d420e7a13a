/** Words that everybody tries first, beside the demo clients' secret and the names of what is logged in to. */
const WELL_KNOWN =
  /^(demo-?secret|password|passw0rd|secret|changeme|change-me|postgres|redis|nats|admin|waybill|test)\d*$/i;
const SHORTEST = 12;

/** The secret of the fixtures' clients, which is good for nothing in production. */
export const DEMO_SECRET = "demo-secret";

/** What is wrong with a password in production, if anything is; never the password itself. */
export function unfitPassword(user: string, password: string): string | undefined {
  if (password === "") return "must have a password in production";
  const isKnown = password.length < SHORTEST || WELL_KNOWN.test(password) || password === user;
  return isKnown
    ? `must have a password of ${SHORTEST} characters and more in production, and not a well-known one`
    : undefined;
}
