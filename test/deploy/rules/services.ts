import { SERVICES } from "../../../platform/config.ts";
import { type Manifest, nameOf, nodes, ofKind, selects } from "../manifests.ts";
import type { Rule, World } from "./world.ts";

const KINDS = ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"];

/** Each service has a workload of its name and all that belongs to one; and nothing has a workload that is no service. */
export const everyServiceIsThere: Rule = ({ objects }) => {
  const running = nodes(objects).map(nameOf).sort();
  const wrong =
    JSON.stringify(running) === JSON.stringify([...SERVICES].sort()) ? [] : [`there are nodes for ${running.join()}`];
  for (const service of SERVICES) {
    for (const kind of KINDS) {
      const found = ofKind(objects, kind).filter(({ metadata }) => metadata.name === `waybill-${service}`);
      if (found.length !== 1) wrong.push(`${service} has ${found.length} of ${kind}`);
      for (const object of found) wrong.push(...strangers(objects, object, service));
    }
  }
  return wrong;
};

/** What an object of a service has to do with the pods of others, or not with its own. */
function strangers(objects: readonly Manifest[], { kind, spec }: Manifest, service: string): string[] {
  if (kind === "HorizontalPodAutoscaler") {
    const { kind: scaled, name } = spec.scaleTargetRef;
    return scaled === "Deployment" && name === `waybill-${service}` ? [] : [`${service}'s autoscaler is of ${name}`];
  }
  const selector = kind === "NetworkPolicy" ? spec.podSelector : spec.selector;
  const chosen = nodes(objects).filter(({ labels }) =>
    selects(kind === "Service" ? { matchLabels: selector } : selector, labels),
  );
  const names = chosen.map(nameOf).join();
  return names === service ? [] : [`${service}'s ${kind} is about the pods of ${names}`];
}

/** Two of each at least, of which a drained machine takes one; and a new one is there before an old one goes. */
export const oneMayGo: Rule = ({ objects }: World) => {
  const most = ofKind(objects, "PodDisruptionBudget").filter(({ spec }) => spec.maxUnavailable !== 1);
  const scaled = ofKind(objects, "HorizontalPodAutoscaler").filter(
    ({ spec }) => spec.minReplicas < 2 || spec.maxReplicas <= spec.minReplicas,
  );
  const deployments = ofKind(objects, "Deployment").filter(
    ({ spec }) => spec.strategy?.rollingUpdate?.maxUnavailable !== 0 || "replicas" in spec,
  );
  return [...most, ...scaled, ...deployments].map(({ kind, metadata }) => `${kind} ${metadata.name} leaves too few`);
};

/** Every port that a Service names is one of its pods'. */
export const portsAreThere: Rule = ({ objects }) =>
  ofKind(objects, "Service").flatMap(({ metadata, spec }) => {
    const pods = objects
      .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
      .filter(({ spec: { template } }) => selects({ matchLabels: spec.selector }, template.metadata.labels));
    if (pods.length !== 1) return [`Service ${metadata.name} is of ${pods.length} workloads`];
    const known = pods[0]?.spec.template.spec.containers[0].ports.map(({ name }: { name: string }) => name);
    return spec.ports
      .filter(({ targetPort }: { targetPort: string }) => !known.includes(targetPort))
      .map(({ targetPort }: { targetPort: string }) => `Service ${metadata.name} has no port ${targetPort} behind it`);
  });
