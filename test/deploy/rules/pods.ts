import { readFileSync } from "node:fs";
import path from "node:path";
import { STOP_MS } from "../../../scripts/lifecycle.ts";
import { PROBE_PATHS } from "../../../scripts/probes.ts";
import { ROOT } from "../../support/process.ts";
import { imageEnvironment } from "../dockerfile.ts";
import { nodes, type Probe, type Workload, workloads } from "../manifests.ts";
import type { Rule } from "./world.ts";

const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { version: string };

/** What Kubernetes' "restricted" asks of a pod, and some more: nothing to write to, no token of the cluster. */
export const podsAreRestricted: Rule = ({ objects }) =>
  workloads(objects).flatMap((workload) => {
    const { spec, container } = workload;
    const pod = (spec.securityContext ?? {}) as Record<string, unknown>;
    const own = container.securityContext ?? {};
    const demands: Readonly<Record<string, boolean>> = {
      runAsNonRoot: pod.runAsNonRoot === true,
      "a numeric user": Number(pod.runAsUser) > 0,
      "seccomp RuntimeDefault": JSON.stringify(pod.seccompProfile) === '{"type":"RuntimeDefault"}',
      "no token": spec.automountServiceAccountToken === false,
      "no links": spec.enableServiceLinks === false,
      "no escalation": own.allowPrivilegeEscalation === false,
      "a read-only file system": own.readOnlyRootFilesystem === true,
      "no capabilities": JSON.stringify(own.capabilities) === '{"drop":["ALL"]}',
      "nothing of the machine": !("hostNetwork" in spec || "hostPID" in spec || "hostIPC" in spec),
      "one container": spec.containers.length === 1 && !("initContainers" in spec),
      "no folders of the machine": !JSON.stringify(spec.volumes ?? []).includes("hostPath"),
    };
    return missing(workload, demands);
  });

/** The namespace refuses what is not restricted. */
export const namespaceIsRestricted: Rule = ({ objects }) => {
  const [namespace, ...more] = objects.filter(({ kind }) => kind === "Namespace");
  const enforced = namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"];
  const elsewhere = objects.filter(
    ({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== namespace?.metadata.name,
  );
  return [
    ...(enforced === "restricted" && more.length === 0 ? [] : ["the namespace enforces nothing"]),
    ...elsewhere.map(({ kind, metadata }) => `${kind} ${metadata.name} is in another namespace`),
  ];
};

export const resourcesAreGiven: Rule = ({ objects }) =>
  workloads(objects).flatMap((workload) => {
    const { requests, limits } = workload.container.resources ?? {};
    return missing(workload, {
      requests: Boolean(requests?.cpu && requests.memory),
      limits: Boolean(limits?.cpu && limits.memory),
    });
  });

/** No tag that means another image tomorrow; the platform's own is this version's. */
export const imagesArePinned: Rule = ({ objects }) =>
  workloads(objects).flatMap((workload) => {
    const [name, tag = ""] = workload.container.image.split(/:(?=[^/]*$)/) as [string, string?];
    const isOwn = /(^|\/)waybill$/.test(name);
    return missing(workload, {
      "a version": isOwn ? tag === version : /^\d+\.\d+(\.\d+)?-[a-z]+$/.test(tag),
      "NATS 2.12": name !== "nats" || /^2\.(1[2-9]|[2-9]\d)\./.test(tag),
    });
  });

/** Probes ask paths that are answered, on ports that the image listens on. */
export const probesAreAnswered: Rule = ({ objects }) => {
  const env = imageEnvironment();
  const inside = ({ httpGet }: Probe, { container }: Workload) => {
    if (!httpGet) return true;
    const port = container.ports?.find(({ name }) => name === httpGet.port)?.containerPort;
    return String(port) === env.PROBE_PORT && (PROBE_PATHS as readonly string[]).includes(httpGet.path);
  };
  const running = workloads(objects).filter(({ kind }) => kind !== "Job");
  const unanswered = running.flatMap((workload) => {
    const { startupProbe, livenessProbe, readinessProbe } = workload.container;
    const given = [startupProbe, livenessProbe, readinessProbe].filter((probe) => probe !== undefined);
    return missing(workload, {
      "a liveness probe": livenessProbe !== undefined,
      "a readiness probe": readinessProbe !== undefined,
      "probes that are answered": given.every((probe) => inside(probe, workload)),
    });
  });
  const gateway = nodes(objects).find(({ name }) => name === "waybill-api");
  const http = gateway?.container.ports?.find(({ name }) => name === "http")?.containerPort;
  return [...unanswered, ...(String(http) === env.PORT ? [] : [`the gateway does not listen on ${http}`])];
};

/** A pod is not ended before its node has ended itself, after what it is told to wait. */
export const stopsAreWaitedFor: Rule = ({ objects }) =>
  nodes(objects).flatMap((workload) => {
    const waits = workload.container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    const isServing = (workload.container.ports ?? []).some(({ name }) => name === "http");
    return missing(workload, {
      "time to stop": Number(workload.spec.terminationGracePeriodSeconds) > STOP_MS / 1_000 + waits,
      "time for load balancers": !isServing || waits >= 5,
    });
  });

function missing({ name }: Workload, demands: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(demands).flatMap(([what, isMet]) => (isMet ? [] : `${name} lacks ${what}`));
}
