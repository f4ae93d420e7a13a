import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { ROOT } from "../support/process.ts";

export interface ComposeService {
  readonly image: string;
  readonly build?: string;
  command?: string[];
  user?: string;
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  restart?: string;
  stop_grace_period?: string;
  deploy?: { replicas: number };
}

export interface Compose {
  readonly name: string;
  readonly services: Record<string, ComposeService>;
  readonly networks: Record<string, { internal?: boolean }>;
  readonly volumes: Record<string, object>;
}

const text = readFileSync(path.join(ROOT, "docker-compose.yml"), "utf8");

/** The variables that docker-compose.yml does not do without. */
export const composeVariables = [...new Set([...text.matchAll(/\$\{(\w+):\?/g)].map((match) => match[1] as string))];

/**
 * docker-compose.yml as Compose sees it: anchors put in, then variables (`$$` is a dollar sign).
 * @throws when a variable that has no default is not set.
 */
export function composeFile(env: Readonly<Record<string, string>>): Compose {
  return interpolated(parse(text, { merge: true }), env) as Compose;
}

function interpolated(value: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return value.replace(/\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})/g, substitute(env));
  if (Array.isArray(value)) return value.map((item) => interpolated(item, env));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolated(item, env)]));
}

function substitute(env: Readonly<Record<string, string>>) {
  return (whole: string, name?: string, kind?: string, rest = "") => {
    if (name === undefined) return whole[0] as string;
    if (env[name]) return env[name] as string;
    if (kind === "?") throw new Error(`${name}: ${rest}`);
    return kind === "-" ? rest : "";
  };
}
