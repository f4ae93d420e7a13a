import { json } from "node:stream/consumers";
import type { Manifest } from "./manifests.ts";

interface Validator {
  (data: unknown): boolean;
  errors?:
    | readonly {
        readonly instancePath: string;
        readonly message?: string;
        readonly keyword: string;
        readonly params: object;
      }[]
    | null;
}

/** Kinds that are no part of Kubernetes, and whose schema comes with their operator. */
const FOREIGN = new Set(["ExternalSecret"]);

/** What Kubernetes' own schemas have against an object, a line for each. */
async function schemaErrors(object: Manifest): Promise<string[]> {
  if (FOREIGN.has(object.kind)) return [];
  const validate = await validatorOf(object);
  if (!validate) return [`there is no ${object.kind} in ${object.apiVersion}`];
  const unread = new Set<string>();
  const said = validate(watched(object, "", unread))
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, keyword, params, message }) =>
          `${instancePath} ${message ?? keyword} ${JSON.stringify(params)}`,
      );
  return [...said, ...[...unread].map((place) => `${place} is unknown`)];
}

async function validatorOf({ apiVersion, kind }: Manifest): Promise<Validator | undefined> {
  const [version, group = "core"] = apiVersion.split("/").reverse() as [string, string?];
  const parts = ["io", "k8s", "api", group.split(".", 1)[0] as string, version, kind];
  const name = parts.map((part) => part[0]?.toUpperCase() + part.slice(1)).join("");
  try {
    return ((await import(`kubernetes-models/_schemas/${name}`)) as { validate: Validator }).validate;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return undefined;
  }
}

/**
 * A copy that notes what was never looked at. Kubernetes' schemas allow additional properties, by which a misspelt
 * field would pass; their validators read every property that they know, and no other.
 */
function watched(value: unknown, place: string, unread: Set<string>): unknown {
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, item]) => [key, watched(item, `${place}/${key}`, unread)] as const);
  if (Array.isArray(value)) return entries.map(([, item]) => item);
  for (const [key] of entries) unread.add(`${place}/${key}`);
  return new Proxy(Object.fromEntries(entries), {
    get(target, key) {
      if (typeof key === "string") unread.delete(`${place}/${key}`);
      return Reflect.get(target, key);
    },
  });
}

// The schemas are ES modules, which jest's CommonJS cannot load: a process of its own reads objects and answers for each.
const objects = (await json(process.stdin)) as Manifest[];
process.stdout.write(JSON.stringify(await Promise.all(objects.map(schemaErrors))));
