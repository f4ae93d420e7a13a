import { randomBytes } from "node:crypto";
import { DOMAINS, SEALING_DOMAINS } from "../../platform/config.ts";
import { newEncryptionKey } from "../../platform/sealing/encryption-keys.ts";
import { BUS_USERS } from "../cluster/nats-config.ts";
import { passwordVariable } from "./nats-config.ts";

const USAGE = `Usage: node scripts/deployment/secrets.ts compose >> .env
       node scripts/deployment/secrets.ts kubernetes | kubectl apply -f -

Prints new secrets of a whole cluster: for docker-compose.yml, or as those of k8s/overlays/local.
`;

type Secrets = Readonly<Record<string, string>>;

/** NATS reads what begins with a digit as a number, and what is not of these letters would have to be encoded in a URL. */
function newSecret(): string {
  return `s${randomBytes(24).toString("hex")}`;
}

/** What docker-compose.yml takes from its environment. */
export function composeSecrets(): Secrets {
  const names = [
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    ...BUS_USERS.map(passwordVariable),
    ...DOMAINS.map((domain) => `${domain.toUpperCase()}_DATABASE_PASSWORD`),
  ];
  const keys = SEALING_DOMAINS.map((domain) => [`${domain.toUpperCase()}_ENCRYPTION_KEYS`, newEncryptionKey()]);
  return { ...Object.fromEntries(names.map((name) => [name, newSecret()])), ...Object.fromEntries(keys) };
}

/** The Secrets that k8s/overlays/local refers to, by name and key. */
export function kubernetesSecrets(): Readonly<Record<string, Secrets>> {
  const owner = newSecret();
  const databaseUrl = (user: string, password: string) => `postgres://${user}:${password}@postgres:5432/waybill`;
  const accounts = BUS_USERS.map((account) => {
    const isDomain = (DOMAINS as readonly string[]).includes(account);
    const database = isDomain && { DATABASE_URL: databaseUrl(`waybill_${account}`, newSecret()) };
    const seals = (SEALING_DOMAINS as readonly string[]).includes(account);
    const keys = seals && { ENCRYPTION_KEYS: newEncryptionKey() };
    return [`waybill-${account}`, { NATS_PASSWORD: newSecret(), ...database, ...keys }];
  });
  return {
    ...Object.fromEntries(accounts),
    "waybill-owner": { DATABASE_OWNER_URL: databaseUrl("postgres", owner) },
    nats: { PEER_PASSWORD: newSecret() },
    redis: { REDIS_PASSWORD: newSecret() },
    postgres: { POSTGRES_PASSWORD: owner },
  };
}

function main(form: string | undefined): number {
  if (form === "compose") {
    for (const [name, value] of Object.entries(composeSecrets())) process.stdout.write(`${name}=${value}\n`);
  } else if (form === "kubernetes") {
    const items = Object.entries(kubernetesSecrets()).map(([name, stringData]) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "waybill" },
      stringData,
    }));
    process.stdout.write(`${JSON.stringify({ apiVersion: "v1", kind: "List", items }, undefined, 2)}\n`);
  } else {
    process.stderr.write(USAGE);
    return 2;
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);
