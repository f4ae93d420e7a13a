import { type Manifest, ofKind } from "./manifests.ts";

export type RuleName =
  | "fitsTheSchemas"
  | "everyServiceIsThere"
  | "oneMayGo"
  | "portsAreThere"
  | "podsAreRestricted"
  | "namespaceIsRestricted"
  | "resourcesAreGiven"
  | "imagesArePinned"
  | "probesAreAnswered"
  | "stopsAreWaitedFor"
  | "settingsAreRead"
  | "referencesAreResolved"
  | "secretsAreThere"
  | "secretsAreTheirOwn"
  | "allIsDenied"
  | "trafficIsWhatIsNeeded"
  | "publicRoutesAreReached"
  | "natsIsWhole"
  | "redisIsBounded";

/** What may go wrong in an overlay: the change, and the rule that notices it. */
type Mutation = readonly [what: string, by: RuleName, change: (objects: Manifest[]) => void];

const one = (objects: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = ofKind(objects, kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const orders = (objects: readonly Manifest[], kind = "Deployment") => one(objects, kind, "waybill-orders");
// biome-ignore lint/suspicious/noExplicitAny: broken on purpose
const podOf = (object: Manifest): any => object.spec.template.spec;
// biome-ignore lint/suspicious/noExplicitAny: broken on purpose
const containerOf = (object: Manifest): any => podOf(object).containers[0];
// biome-ignore lint/suspicious/noExplicitAny: broken on purpose
const variable = (object: Manifest, wanted: string): any =>
  containerOf(object).env.find(({ name }: { name: string }) => name === wanted);
const without = (objects: Manifest[], lost: Manifest) => void objects.splice(objects.indexOf(lost), 1);

export const MUTATIONS: readonly Mutation[] = [
  ["a misspelt field", "fitsTheSchemas", (all) => (podOf(orders(all)).topologySpreadConstraint = [])],
  ["a number as text", "fitsTheSchemas", (all) => (orders(all).spec.minReadySeconds = "5")],
  [
    "a required field is gone",
    "fitsTheSchemas",
    (all) => delete podOf(orders(all)).topologySpreadConstraints[0].maxSkew,
  ],
  ["a kind that is no longer there", "fitsTheSchemas", (all) => Object.assign(orders(all), { apiVersion: "apps/v0" })],
  ["a service without nodes", "everyServiceIsThere", (all) => without(all, orders(all))],
  [
    "a service without an autoscaler",
    "everyServiceIsThere",
    (all) => without(all, orders(all, "HorizontalPodAutoscaler")),
  ],
  [
    "an autoscaler of another's nodes",
    "everyServiceIsThere",
    (all) => (orders(all, "HorizontalPodAutoscaler").spec.scaleTargetRef.name = "waybill-auth"),
  ],
  [
    "a policy about another's pods",
    "everyServiceIsThere",
    (all) => (orders(all, "NetworkPolicy").spec.podSelector.matchLabels["app.kubernetes.io/name"] = "auth"),
  ],
  ["a budget that lets two go", "oneMayGo", (all) => (orders(all, "PodDisruptionBudget").spec.maxUnavailable = 2)],
  ["a single node", "oneMayGo", (all) => (orders(all, "HorizontalPodAutoscaler").spec.minReplicas = 1)],
  ["an update that leaves too few", "oneMayGo", (all) => (orders(all).spec.strategy.rollingUpdate.maxUnavailable = 1)],
  [
    "a service's port that no pod has",
    "portsAreThere",
    (all) => (orders(all, "Service").spec.ports[0].targetPort = "http"),
  ],
  ["a pod that may be root", "podsAreRestricted", (all) => (podOf(orders(all)).securityContext.runAsNonRoot = false)],
  [
    "a file system that can be written",
    "podsAreRestricted",
    (all) => delete containerOf(orders(all)).securityContext.readOnlyRootFilesystem,
  ],
  ["a token of the cluster", "podsAreRestricted", (all) => delete podOf(orders(all)).automountServiceAccountToken],
  [
    "a folder of the machine",
    "podsAreRestricted",
    (all) => (podOf(orders(all)).volumes = [{ name: "x", hostPath: { path: "/" } }]),
  ],
  [
    "a namespace that takes anything",
    "namespaceIsRestricted",
    (all) => delete ofKind(all, "Namespace")[0]!.metadata.labels!["pod-security.kubernetes.io/enforce"],
  ],
  ["no limits", "resourcesAreGiven", (all) => delete containerOf(orders(all)).resources.limits],
  ["the latest image", "imagesArePinned", (all) => (containerOf(orders(all)).image = "waybill")],
  ["another version than this", "imagesArePinned", (all) => (containerOf(orders(all)).image = "waybill:0.0.9")],
  [
    "a NATS that does not sync",
    "imagesArePinned",
    (all) => (containerOf(one(all, "StatefulSet", "nats")).image = "nats:2.10.29-alpine"),
  ],
  [
    "a probe of a path that nobody answers",
    "probesAreAnswered",
    (all) => (containerOf(orders(all)).livenessProbe.httpGet.path = "/healthz"),
  ],
  [
    "a probe of a port that nobody listens on",
    "probesAreAnswered",
    (all) => (containerOf(orders(all)).ports[0].containerPort = 8081),
  ],
  ["no readiness probe", "probesAreAnswered", (all) => delete containerOf(orders(all)).readinessProbe],
  [
    "a gateway on another port",
    "probesAreAnswered",
    (all) =>
      (containerOf(one(all, "Deployment", "waybill-api")).ports.find(
        (port: { name: string }) => port.name === "http",
      ).containerPort = 3001),
  ],
  ["a stop that is cut short", "stopsAreWaitedFor", (all) => (podOf(orders(all)).terminationGracePeriodSeconds = 10)],
  [
    "a gateway that goes before it is out of the load balancers",
    "stopsAreWaitedFor",
    (all) => delete containerOf(one(all, "Deployment", "waybill-api")).lifecycle,
  ],
  [
    "a variable that nobody reads",
    "settingsAreRead",
    (all) => (ofKind(all, "ConfigMap").find(({ data }) => data?.ISSUER)!.data!.LOG_LEVLE = "info"),
  ],
  [
    "a value that is refused",
    "settingsAreRead",
    (all) => (ofKind(all, "ConfigMap").find(({ data }) => data?.ISSUER)!.data!.LOG_LEVEL = "loud"),
  ],
  [
    "another's account",
    "settingsAreRead",
    (all) => (variable(orders(all), "NATS_URL").value = "nats://auth:$(NATS_PASSWORD)@nats:4222"),
  ],
  [
    "no production",
    "settingsAreRead",
    (all) => containerOf(orders(all)).env.push({ name: "NODE_ENV", value: "development" }),
  ],
  ["a database that is not given", "settingsAreRead", (all) => containerOf(orders(all)).env.splice(2, 1)],
  [
    "a domain that seals and has no key",
    "settingsAreRead",
    (all) =>
      containerOf(orders(all)).env.splice(
        containerOf(orders(all)).env.indexOf(variable(orders(all), "ENCRYPTION_KEYS")),
        1,
      ),
  ],
  [
    "another's key",
    "secretsAreTheirOwn",
    (all) => (variable(orders(all), "ENCRYPTION_KEYS").valueFrom.secretKeyRef.name = "waybill-auth"),
  ],
  [
    "migrations without a domain's database",
    "settingsAreRead",
    (all) => (variable(one(all, "Job", "waybill-migrate"), "ORDERS_DATABASE_URL").name = "ORDER_DATABASE_URL"),
  ],
  ["a reference to what comes later", "referencesAreResolved", (all) => containerOf(orders(all)).env.reverse()],
  [
    "a key that no secret has",
    "secretsAreThere",
    (all) => (variable(orders(all), "DATABASE_URL").valueFrom.secretKeyRef.key = "URL"),
  ],
  [
    "a secret in the manifests",
    "secretsAreThere",
    (all) => all.push({ apiVersion: "v1", kind: "Secret", metadata: { name: "x", namespace: "waybill" } }),
  ],
  [
    "another's database",
    "secretsAreTheirOwn",
    (all) => (variable(orders(all), "DATABASE_URL").valueFrom.secretKeyRef.name = "waybill-payments"),
  ],
  [
    "a node that owns the databases",
    "secretsAreTheirOwn",
    (all) =>
      (variable(orders(all), "DATABASE_URL").valueFrom.secretKeyRef = {
        name: "waybill-owner",
        key: "DATABASE_OWNER_URL",
      }),
  ],
  ["nothing denied", "allIsDenied", (all) => without(all, one(all, "NetworkPolicy", "deny-all"))],
  ["a bus that is not reached", "trafficIsWhatIsNeeded", (all) => orders(all, "NetworkPolicy").spec.egress.shift()],
  [
    "a database that is not reached",
    "trafficIsWhatIsNeeded",
    (all) => one(all, "NetworkPolicy", "to-database").spec.podSelector.matchExpressions[0].values.pop(),
  ],
  [
    "the way to everywhere",
    "trafficIsWhatIsNeeded",
    (all) => orders(all, "NetworkPolicy").spec.egress.push({ ports: [{ port: 443 }] }),
  ],
  [
    "a gateway with a way to the database",
    "trafficIsWhatIsNeeded",
    (all) => one(all, "NetworkPolicy", "to-database").spec.podSelector.matchExpressions[0].values.push("api"),
  ],
  [
    "a domain that the world reaches",
    "trafficIsWhatIsNeeded",
    (all) =>
      (orders(all, "NetworkPolicy").spec.ingress = [{ from: [{ namespaceSelector: {} }], ports: [{ port: 3000 }] }]),
  ],
  [
    "NATS's servers cut off from each other",
    "trafficIsWhatIsNeeded",
    (all) => one(all, "NetworkPolicy", "nats").spec.ingress.pop(),
  ],
  [
    "metrics for everybody",
    "publicRoutesAreReached",
    (all) => (one(all, "Ingress", "waybill").spec.rules[0].http.paths[0].path = "/metrics"),
  ],
  [
    "an address without the API",
    "publicRoutesAreReached",
    (all) => one(all, "Ingress", "waybill").spec.rules[0].http.paths.shift(),
  ],
  ["an address without TLS", "publicRoutesAreReached", (all) => delete one(all, "Ingress", "waybill").spec.tls],
  ["two servers of NATS", "natsIsWhole", (all) => (one(all, "StatefulSet", "nats").spec.replicas = 2)],
  ["a NATS account without a password", "natsIsWhole", (all) => containerOf(one(all, "StatefulSet", "nats")).env.pop()],
  [
    "channels on one server",
    "natsIsWhole",
    (all) => (ofKind(all, "ConfigMap").find(({ data }) => data?.ISSUER)!.data!.JETSTREAM_REPLICAS = "1"),
  ],
  [
    "NATS's configuration changed by hand",
    "natsIsWhole",
    (all) => (ofKind(all, "ConfigMap").find(({ data }) => data?.["nats.conf"])!.data!["nats.conf"] += "\n"),
  ],
  [
    "a Redis that outgrows its pod",
    "redisIsBounded",
    (all) => (containerOf(one(all, "StatefulSet", "redis")).resources.limits.memory = "128Mi"),
  ],
];
