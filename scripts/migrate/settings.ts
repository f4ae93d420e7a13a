import { DOMAINS, type DomainName, readConfig, WrongSettings } from "../../platform/config.ts";
import { newEncryptionKey } from "../../platform/sealing/encryption-keys.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is to be prepared for a domain. */
export interface DomainPlan {
  readonly domain: DomainName;
  /** The connection string of somebody who may make roles and schemas in the domain's database. */
  readonly owner: string;
  /** The connection string of the domain's nodes. */
  readonly url: string;
  /** The user of `url`, and the password by which it logs in. */
  readonly role: string;
  readonly password: string;
}

/** The other settings that readConfig asks of a cluster, which are no matter here. */
const STAND_INS = { NATS_URL: "nats://nats", REDIS_URL: "redis://redis", ENCRYPTION_KEYS: newEncryptionKey() };

/** Reads the connection strings of all domains and their owners; throws {@link WrongSettings} with all that is wrong. */
export function readMigrationPlan(env: Environment): DomainPlan[] {
  const wrong: string[] = [];
  const urls = readUrls(env, "DATABASE_URL", wrong);
  const owners = readUrls(env, "DATABASE_OWNER_URL", wrong);
  if (!urls || !owners) throw new WrongSettings(wrong);
  const passwords = new Map<string, string>();
  const plans = DOMAINS.map((domain) => {
    const name = nameOf(env, domain, "DATABASE_URL");
    const [url, owner] = [urls[domain], owners[domain]];
    const { host, username } = new URL(url);
    const [role, password] = [username, new URL(url).password].map(decoded) as [string, string];
    // Not what was set: there is a password in it.
    if (role === "" || password === "") wrong.push(`${name} must name a user with its password, percent-encoded`);
    // The owner may do everything to everybody's data.
    else if (username === new URL(owner).username) wrong.push(`${name} must name another user than the owner`);
    else if ((passwords.get(`${role}@${host}`) ?? password) !== password)
      wrong.push(`${name} has another password for ${role} than a URL before it`);
    passwords.set(`${role}@${host}`, password);
    return { domain, owner, url, role, password };
  });
  if (wrong.length > 0) throw new WrongSettings(wrong);
  return plans;
}

/** The settings that end in `suffix`, as those of the domains' own databases are read; undefined when some are wrong. */
function readUrls(env: Environment, suffix: string, wrong: string[]): Record<DomainName, string> | undefined {
  const names = ["", ...DOMAINS.map((domain) => `${domain.toUpperCase()}_`)];
  const given = Object.fromEntries(names.map((prefix) => [`${prefix}DATABASE_URL`, env[`${prefix}${suffix}`]]));
  try {
    return readConfig({ ...given, ...STAND_INS }, "cluster").databases;
  } catch (error) {
    if (!(error instanceof WrongSettings)) throw error;
    wrong.push(...error.lines.map((line) => line.replaceAll("DATABASE_URL", suffix)));
    return undefined;
  }
}

function nameOf(env: Environment, domain: DomainName, suffix: string): string {
  const own = `${domain.toUpperCase()}_${suffix}`;
  return env[own] ? own : suffix;
}

/** Empty when it is not well percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
