/** Words that everybody tries first, beside the demo clients' secret and the names of what is logged in to. */
const WELL_KNOWN =
  /^(demo-?secret|password|passw0rd|secret|changeme|change-me|postgres|redis|nats|admin|waybill|test)\d*$/i;
const SHORTEST = 12;

/** The secret of the fixtures' clients, which is good for nothing in production. */
export const DEMO_SECRET = "demo-secret";

type Urls = Readonly<Record<string, string | undefined>>;

/**
 * What of a node's settings is not fit for production: servers that let everybody in, and passwords that everybody
 * knows. A line for each, which names the setting and never what it is set to.
 */
export function unfitForProduction(urls: Urls): string[] {
  return Object.entries(urls).flatMap(([name, text]) => {
    const url = text && URL.canParse(text.split(",")[0] as string) ? new URL(text.split(",")[0] as string) : undefined;
    // What is no URL at all is said by whoever reads it.
    if (!url) return [];
    const password = decodeURIComponent(url.password);
    if (password === "") return [`${name} must have a password in production`];
    if (password.length < SHORTEST || WELL_KNOWN.test(password) || password === url.username)
      return [
        `${name} must have a password of ${SHORTEST} characters and more in production, and not a well-known one`,
      ];
    return [];
  });
}
