import { allRoutes } from "../../../services/api/routes.ts";
import { environmentOf, type Manifest, nameOf, ofKind, selects, type Workload, workloads } from "../manifests.ts";
import type { Rule } from "./world.ts";

interface Peer {
  readonly podSelector?: object;
  readonly namespaceSelector?: object;
  readonly ipBlock?: { readonly cidr: string };
}

interface Traffic {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number }[];
}

/** Nothing is let through that is not allowed by name. */
export const allIsDenied: Rule = ({ objects }) => {
  const denies = ofKind(objects, "NetworkPolicy").some(
    ({ spec }) => JSON.stringify(spec) === '{"podSelector":{},"policyTypes":["Ingress","Egress"]}',
  );
  return denies ? [] : ["no policy denies everything"];
};

/** What a network policy calls everybody, from which it takes the networks that are nobody else's. */
const THE_WORLD = "0.0.0.0";

/** Connections are let through from whom they are made, to whom and where: these, and no others. */
export const trafficIsWhatIsNeeded: Rule = ({ objects }) => {
  const needed = [...neededBy(objects), "the world > api:3000", `webhooks > ${THE_WORLD}:443`].sort();
  const allowed = allowedIn(objects).sort();
  return [
    ...needed.filter((one) => !allowed.includes(one)).map((one) => `${one} is refused`),
    ...allowed.filter((one) => !needed.includes(one)).map((one) => `${one} is allowed`),
  ];
};

/** What the connection strings of all environments say: `orders > nats:4222`. */
function neededBy(objects: readonly Manifest[]): string[] {
  const urls = (workload: Workload) =>
    Object.values(environmentOf(objects, workload.container, (name, key) => sampleOf(objects, name, key))).flatMap(
      (value) => /^(?:nats|redis|postgres):\/\/\S*?@([\w.-]+):(\d+)/.exec(value)?.slice(1, 3).join(":") ?? [],
    );
  const made = workloads(objects).flatMap((workload) =>
    ["kube-dns:53", ...urls(workload)].map(
      (to) => `${nameOf(workload)} > ${to.replace(/^nats-\d\.nats-peers/, "nats")}`,
    ),
  );
  return [...new Set(made)];
}

function sampleOf(objects: readonly Manifest[], name: string, key: string): string {
  const host = workloads(objects).some((workload) => nameOf(workload) === "postgres") ? "postgres" : "10.20.0.0";
  return key.endsWith("_URL") ? `postgres://${name}:s@${host}:5432/waybill` : "s";
}

/** What the policies let through: what goes out of a pod has to be let into the other one as well. */
function allowedIn(objects: readonly Manifest[]): string[] {
  const all = workloads(objects);
  const out = all.flatMap((from) =>
    trafficOf(objects, from, "egress").flatMap(({ to = [{}], ports = [] }) =>
      to.flatMap((peer) =>
        ports.flatMap(({ port }) => targetsOf(all, peer, port).map((target) => ({ from, ...target }))),
      ),
    ),
  );
  const through = out.filter(({ from, pods, port }) => !pods || letsIn(objects, pods, from, port));
  const outside = all.flatMap((pods) =>
    trafficOf(objects, pods, "ingress").flatMap(({ from = [{}], ports = [] }) =>
      from
        .flatMap((peer) => (peer.namespaceSelector || !peer.podSelector ? ports : []))
        .map(({ port }) => ({ pods, port })),
    ),
  );
  const lines = [
    ...through.map(({ from, name, port }) => `${nameOf(from)} > ${name}:${port}`),
    ...outside.map(({ pods, port }) => `the world > ${nameOf(pods)}:${port}`),
  ];
  return [...new Set(lines)];
}

interface Target {
  readonly name: string;
  readonly port: number;
  /** Undefined outside of the namespace. */
  readonly pods?: Workload;
}

function targetsOf(
  all: readonly Workload[],
  { podSelector, namespaceSelector, ipBlock }: Peer,
  port: number,
): Target[] {
  if (ipBlock) return [{ name: ipBlock.cidr.replace(/\/\d+$/, ""), port }];
  if (namespaceSelector)
    return [{ name: selects(podSelector ?? {}, { "k8s-app": "kube-dns" }) ? "kube-dns" : "any", port }];
  if (!podSelector) return [{ name: "anything", port }];
  return all.filter(({ labels }) => selects(podSelector, labels)).map((pods) => ({ name: nameOf(pods), port, pods }));
}

function letsIn(objects: readonly Manifest[], pods: Workload, from: Workload, wanted: number): boolean {
  return trafficOf(objects, pods, "ingress").some(
    (traffic) =>
      (traffic.ports ?? []).some(({ port }) => port === wanted) &&
      (traffic.from ?? []).some(({ podSelector, namespaceSelector }) =>
        Boolean(podSelector && !namespaceSelector && selects(podSelector, from.labels)),
      ),
  );
}

function trafficOf(objects: readonly Manifest[], { labels }: Workload, way: "ingress" | "egress"): Traffic[] {
  return ofKind(objects, "NetworkPolicy")
    .filter(({ spec }) => selects(spec.podSelector, labels))
    .flatMap(({ spec }) => (spec[way] ?? []) as Traffic[]);
}

/** The public address leads to every route but those of the operators, and to these not. */
export const publicRoutesAreReached: Rule = ({ objects }) => {
  const ingresses = ofKind(objects, "Ingress");
  const rules = ingresses.flatMap(({ spec }) => spec.rules);
  if (rules.length === 0) return [];
  const encrypted = ingresses.flatMap(({ spec }) => spec.tls ?? []).flatMap(({ hosts }: { hosts: string[] }) => hosts);
  const plain = rules.filter(({ host }) => !encrypted.includes(host)).map(({ host }) => `${host} is without TLS`);
  const paths = rules.flatMap(({ http }) => http.paths) as { path: string; pathType: string }[];
  const leadsTo = (route: string) =>
    paths.some(({ path, pathType }) => route === path || (pathType === "Prefix" && route.startsWith(`${path}/`)));
  const wrong = allRoutes.flatMap(({ path }) => {
    const isOperators = /^\/(health|metrics)(\/|$)/.test(path);
    return leadsTo(path) === !isOperators ? [] : `${path} is ${isOperators ? "" : "not "}public`;
  });
  return [...plain, ...wrong];
};
