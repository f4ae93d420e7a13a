/** An object of Kubernetes, as far as the tests look at one. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: its form is Kubernetes' business, and its schemas' to check
  readonly spec?: any;
  readonly data?: Record<string, string>;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly resources?: Record<"requests" | "limits", Record<string, string>>;
  readonly securityContext?: Record<string, unknown>;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
}

/** Pods that are alike, and what keeps them. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Record<string, unknown> & { readonly containers: readonly Container[] };
  /** Its only one. */
  readonly container: Container;
}

const WITH_PODS = ["Deployment", "StatefulSet", "Job"];

export function ofKind(objects: readonly Manifest[], kind: string): Manifest[] {
  return objects.filter((object) => object.kind === kind);
}

export function workloads(objects: readonly Manifest[]): Workload[] {
  return objects
    .filter(({ kind }) => WITH_PODS.includes(kind))
    .map(({ kind, metadata, spec }) => {
      const { metadata: pod, spec: podSpec } = spec.template;
      return { kind, name: metadata.name, labels: pod.labels, spec: podSpec, container: podSpec.containers[0] };
    });
}

/** What runs the platform's own nodes. */
export function nodes(objects: readonly Manifest[]): Workload[] {
  return workloads(objects).filter(({ labels }) => labels["app.kubernetes.io/component"] === "node");
}

/** The name that policies and services know a workload's pods by. */
export function nameOf({ labels }: Workload): string {
  return labels["app.kubernetes.io/name"] ?? "";
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values: string[] }[];
}

/** Whether a selector chooses what has these labels. Only `In` is known. */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => operator === "In" && values.includes(labels[key] ?? ""))
  );
}

/**
 * The environment of a container: what its ConfigMaps and its own list say, with `$(NAME)` put in where the name stands
 * before it, as Kubernetes does. A secret is `secret-<its name>-<its key>`, or what `secrets` says.
 */
export function environmentOf(
  objects: readonly Manifest[],
  container: Container,
  secrets: (name: string, key: string) => string = (name, key) => `secret-${name}-${key}`,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    Object.assign(env, ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === configMapRef.name)?.data);
  }
  for (const { name, value = "", valueFrom } of container.env ?? []) {
    const ref = valueFrom?.secretKeyRef;
    env[name] = ref
      ? secrets(ref.name, ref.key)
      : value.replace(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
  }
  return env;
}
