/** A provider that is asked by HTTP. */
export interface HttpProviderConfig {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token: string;
}

/** What is behind the media by which customers are told. One without is a sandbox, and off in production. */
export interface MediaConfig {
  readonly smtp?: {
    readonly url: string;
    /** Whom mail is from, where a tenant has no sender of its own. */
    readonly from: string;
  };
  readonly sms?: HttpProviderConfig;
  readonly push?: HttpProviderConfig;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ADDRESS = /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/;

/** Reads the settings of the media, and says what is wrong with them without what is set: there are secrets in it. */
export function readMedia(env: Environment, wrong: string[]): MediaConfig {
  const smtp = readSmtp(env, wrong);
  const sms = readProvider("SMS", env, wrong);
  const push = readProvider("PUSH", env, wrong);
  return { ...(smtp && { smtp }), ...(sms && { sms }), ...(push && { push }) };
}

function readSmtp(env: Environment, wrong: string[]): MediaConfig["smtp"] {
  const { SMTP_URL: url, MAIL_FROM: from } = env;
  if (!url) return undefined;
  if (!isUrl(url, ["smtp:", "smtps:"]))
    wrong.push("SMTP_URL must be smtp://user:password@host:587, or smtps:// for TLS from the first byte on");
  if (!from || !ADDRESS.test(from)) wrong.push("MAIL_FROM must be the email address that mail is from");
  return { url, from: from ?? "" };
}

function readProvider(name: "SMS" | "PUSH", env: Environment, wrong: string[]): HttpProviderConfig | undefined {
  const [url, token] = [env[`${name}_URL`], env[`${name}_TOKEN`]];
  if (!url) return undefined;
  const schemes = env.NODE_ENV === "production" ? ["https:"] : ["https:", "http:"];
  if (!isUrl(url, schemes)) wrong.push(`${name}_URL must be an URL that begins with ${schemes.join("// or ")}//`);
  if (!token || !/^[\x21-\x7e]+$/.test(token)) wrong.push(`${name}_TOKEN must be set: the provider's token`);
  return { url, token: token ?? "" };
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.host !== "" && protocols.includes(url.protocol);
}
