import { readConfig, SEALING_DOMAINS } from "../../../platform/config.ts";
import { newEncryptionKey } from "../../../platform/sealing/encryption-keys.ts";
import { readMigrationPlan } from "../../../scripts/migrate/settings.ts";
import { imageEnvironment } from "../dockerfile.ts";
import { environmentOf, type Manifest, nameOf, nodes, ofKind, type Workload, workloads } from "../manifests.ts";
import type { Rule } from "./world.ts";

/** A node would start with its environment as the service that it is for, and reads everything in it. */
export const settingsAreRead: Rule = ({ objects }) => [
  ...nodes(objects).flatMap((node) => {
    const service = nameOf(node);
    const env = { ...imageEnvironment(), ...environmentOf(objects, node.container, sampleSecret) };
    const { wrong, asked } = reading(env, (read) => {
      const { services, cluster, probePort, production } = readConfig(read, "cluster");
      const are = JSON.stringify([services, cluster?.nats.user, probePort]);
      const shall = JSON.stringify([[service], service, Number(env.PROBE_PORT)]);
      if (are !== shall) throw new Error(`it is ${are}`);
      // Where the fixtures' clients are, they are to be let in; everywhere else it is the real thing.
      if (production === hasFixtures(objects)) throw new Error(production ? "it is production" : "it is no production");
    });
    return complaints(node, wrong, Object.keys(env), asked);
  }),
  ...workloads(objects)
    .filter((workload) => nameOf(workload) === "migrate")
    .flatMap((job) => {
      const env = environmentOf(objects, job.container, sampleSecret);
      const { wrong, asked } = reading(env, readMigrationPlan);
      return complaints(job, wrong, Object.keys(env), asked);
    }),
];

function hasFixtures(objects: readonly Manifest[]): boolean {
  return workloads(objects).some(({ container }) => container.args?.includes("--fixtures"));
}

function sampleSecret(name: string, key: string): string {
  if (key === "ENCRYPTION_KEYS") return newEncryptionKey();
  return key.endsWith("_URL") ? `postgres://${name}:k3pt-4part-${name}@postgres/waybill` : `k3pt-4part-${name}`;
}

/** What is said of an environment, and what was asked of it. */
function reading(
  env: Record<string, string>,
  read: (env: Record<string, string>) => unknown,
): { wrong: string[]; asked: Set<string> } {
  const asked = new Set<string>();
  const watched = new Proxy(env, {
    get(target, name: string) {
      asked.add(name);
      return target[name];
    },
  });
  try {
    read(watched);
    return { wrong: [], asked };
  } catch (error) {
    return { wrong: [(error as Error).message], asked };
  }
}

/** Names that nobody reads, but for the image's own and those that others are made of. */
function complaints({ name, container }: Workload, wrong: string[], names: string[], asked: Set<string>): string[] {
  const used = JSON.stringify(container.env);
  const unread = names.filter((one) => !asked.has(one) && one !== "NODE_ENV" && !used.includes(`$(${one})`));
  return [...wrong, ...unread.map((one) => `${one} is read by nobody`)].map((line) => `${name}: ${line}`);
}

/** `$(NAME)` is put in where NAME stands before it in the list, and stays as it is everywhere else. */
export const referencesAreResolved: Rule = ({ objects }) =>
  workloads(objects).flatMap(({ name, container }) =>
    Object.entries(environmentOf(objects, container))
      .filter(([, value]) => value.includes("$("))
      .map(([variable, value]) => `${name}: ${variable} stays ${value}`),
  );

/** Every secret that is referred to is there, every one that is there is used, and none is in the manifests. */
export const secretsAreThere: Rule = ({ objects, secrets }) => {
  const used = new Set(workloads(objects).flatMap(({ container }) => references(container.env ?? [])));
  const there = new Set(Object.entries(secrets).flatMap(([name, keys]) => keys.map((key) => `${name}/${key}`)));
  return [
    ...ofKind(objects, "Secret").map(({ metadata }) => `${metadata.name} is in the manifests`),
    ...[...used].filter((ref) => !there.has(ref)).map((ref) => `${ref} is nowhere`),
    ...[...there].filter((ref) => !used.has(ref)).map((ref) => `${ref} is used by nobody`),
  ];
};

/** A node is given its own password and its own database; the owner's connection string is the migrations' alone. */
export const secretsAreTheirOwn: Rule = ({ objects }) => [
  ...nodes(objects).flatMap((node) => {
    const own = [`waybill-${nameOf(node)}/NATS_PASSWORD`, `waybill-${nameOf(node)}/DATABASE_URL`];
    if ((SEALING_DOMAINS as readonly string[]).includes(nameOf(node)))
      own.push(`waybill-${nameOf(node)}/ENCRYPTION_KEYS`);
    const allowed = nameOf(node) === "api" ? [own[0]] : own;
    const given = references(node.container.env ?? []);
    return given
      .filter((ref) => ref !== "redis/REDIS_PASSWORD" && !allowed.includes(ref))
      .map((ref) => `${node.name} is given ${ref}`);
  }),
  ...workloads(objects)
    .filter((workload) => nameOf(workload) !== "migrate")
    .filter(({ container }) => references(container.env ?? []).includes("waybill-owner/DATABASE_OWNER_URL"))
    .map(({ name }) => `${name} is given the owner's connection string`),
];

function references(env: readonly { valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]): string[] {
  return env.flatMap(({ valueFrom }) => {
    const ref = valueFrom?.secretKeyRef;
    return ref ? `${ref.name}/${ref.key}` : [];
  });
}

/** The Secrets that the External Secrets Operator makes. */
export function externalSecrets(objects: readonly Manifest[]): Record<string, string[]> {
  const entries = ofKind(objects, "ExternalSecret").map(({ metadata, spec }) => [
    metadata.name,
    spec.data.map(({ secretKey }: { secretKey: string }) => secretKey),
  ]);
  return Object.fromEntries(entries);
}
