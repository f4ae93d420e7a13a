import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceSchema } from "moleculer";
import { DOMAINS, SERVICES, type ServiceName } from "../../../platform/config.ts";
import {
  AUDITED,
  BROADCASTS,
  CALLS,
  LOGS,
  OF_EACH_AUDITED,
  OF_EACH_LOG,
  OF_EACH_NODE,
  READS,
} from "../../../scripts/cluster/bus-grants.ts";
import { allRoutes } from "../../../services/api/routes.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What is said in a service's schema and in its mixins. */
interface Declared {
  readonly actions: readonly string[];
  readonly events: readonly string[];
  readonly channels: readonly string[];
  /** Whether any of the actions is recorded in the audit log. */
  readonly audited: boolean;
}

interface Fragment {
  readonly actions?: object;
  readonly events?: object;
  readonly channels?: object;
  readonly mixins?: readonly Fragment[];
}

function declaredIn(name: string, { actions = {}, events = {}, channels = {}, mixins = [] }: Fragment): Declared {
  const all = mixins.map((mixin) => declaredIn(name, mixin));
  return {
    actions: [...Object.keys(actions).map((action) => `${name}.${action}`), ...all.flatMap((one) => one.actions)],
    events: [...Object.keys(events), ...all.flatMap((one) => one.events)],
    channels: [...Object.keys(channels), ...all.flatMap((one) => one.channels)],
    audited: Object.values(actions).some((action) => action?.audited) || all.some((one) => one.audited),
  };
}

/** The sources of a folder that may call somebody: neither specs nor contracts, which only name. */
function sources(...folders: string[]): { file: string; text: string }[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
    .filter((file) => !/\.spec\.ts$|contract\.ts$/.test(file))
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }));
}

/** What is written in quotes: the names in a source, wherever they are used. */
function quoted(text: string): string[] {
  return [...text.matchAll(/["'`](\$?[a-z]\w*(?:\.\w+)+)["'`]/g)].map((match) => match[1] as string);
}

/** What is called of a domain that is a variable: `log.read` of `${domain}.log.read`, `deadLetters.*` of what goes on. */
function ofAnyDomain(text: string): string[] {
  return [...text.matchAll(/call(?:<[^;]*?>)?\(\s*`\$\{\w+\}\.([\w.]+)`|`\$\{domain\}\.([\w.]+)(\$\{\w+\})?`/g)].map(
    ([, called, named, more]) => called ?? `${named}${more === undefined ? "" : "*"}`,
  );
}

const covers = (grant: string, action: string) =>
  grant === action || (grant.endsWith(".*") && action.startsWith(grant.slice(0, -1)));

let declared: Map<ServiceName, Declared>;
let actions: Set<string>;

beforeAll(async () => {
  declared = new Map();
  for (const name of SERVICES) {
    const { default: schema } = (await import(join(ROOT, `services/${name}/${name}.service.ts`))) as {
      default: ServiceSchema;
    };
    declared.set(name, declaredIn(name, schema as Fragment));
  }
  actions = new Set([...declared.values()].flatMap((one) => one.actions));
});

test("channels and readers are those that the services declare", () => {
  const channels = [...declared].filter(([name, one]) => one.actions.includes(`${name}.log.read`));
  expect(channels.map(([name]) => name).sort()).toEqual([...LOGS].sort());
  const readers = [...declared].filter(([, one]) => one.channels.length > 0);
  expect(Object.fromEntries(readers.map(([name, one]) => [name, [...one.channels].sort()]))).toEqual(
    Object.fromEntries(Object.entries(READS).map(([name, list]) => [name, [...list].sort()])),
  );
});

test("whoever has privileged acts is granted to record them", () => {
  const acting = [...declared].filter(([, one]) => one.audited).map(([name]) => name);
  // It records its own by itself, and is asked to by no grant.
  expect(acting.filter((name) => name !== "auth").sort()).toEqual([...AUDITED].sort());
  expect(OF_EACH_AUDITED.filter((action) => !actions.has(action))).toEqual([]);
});

test.each(SERVICES)("%s is granted every call that is in its sources", (service) => {
  const used = sources(`services/${service}`).flatMap(({ text }) => quoted(text));
  const calls = [...new Set(used)].filter((name) => actions.has(name) && !name.startsWith(`${service}.`));
  const refused = calls.filter((name) => !CALLS[service].some((grant) => covers(grant, name)));
  expect(refused).toEqual([]);
});

test("the gateway is granted every route's action, and what says whether the object is there", () => {
  const needed = allRoutes.flatMap(({ action, exists }) => (exists ? [action, exists.action] : [action]));
  const remote = needed.filter((action) => !action.startsWith("api.") && actions.has(action));
  expect(remote.length).toBeGreaterThan(40);
  expect(remote.filter((action) => !CALLS.api.includes(action))).toEqual([]);
});

test("the gateway is granted what it asks each domain that has it", () => {
  const families = sources("services/api").flatMap(({ text }) => ofAnyDomain(text));
  expect(families).toContain("health.check");
  expect(families).toContain("deadLetters.*");
  for (const family of families) {
    for (const domain of DOMAINS) {
      const meant = [...actions].filter((action) => covers(`${domain}.${family}`, action));
      expect(meant.filter((action) => !CALLS.api.some((grant) => covers(grant, action)))).toEqual([]);
    }
  }
});

test("every node is granted what it asks to know whose a token is, and those that have acts to record them", () => {
  const asked = quoted(readFileSync(join(ROOT, "moleculer.config.ts"), "utf8")).filter((name) => actions.has(name));
  expect(asked.sort()).toEqual([...OF_EACH_NODE, ...OF_EACH_AUDITED].sort());
});

test("whoever reads a channel is granted what is asked of its log", () => {
  const asked = sources("mixins", "platform").flatMap(({ text }) => ofAnyDomain(text));
  expect(asked).toContain("log.heads");
  expect(asked.filter((action) => !OF_EACH_LOG.some((grant) => covers(grant, action)))).toEqual([]);
});

test("nobody is granted a call that is nowhere in its sources, or an action that is not there", () => {
  const routed = new Set(allRoutes.flatMap(({ action, exists }) => (exists ? [action, exists.action] : [action])));
  const idle = SERVICES.flatMap((service) => {
    const texts = sources(`services/${service}`).map(({ text }) => text);
    const used = new Set([
      ...texts.flatMap(quoted),
      ...texts.flatMap(ofAnyDomain).flatMap((family) => DOMAINS.map((domain) => `${domain}.${family}`)),
    ]);
    return CALLS[service]
      .filter((grant) => !(service === "api" && routed.has(grant)))
      .filter((grant) => ![...used].some((name) => covers(grant, name)) || ![...actions].some((a) => covers(grant, a)))
      .map((grant) => `${service}: ${grant}`);
  });
  expect(idle).toEqual([]);
});

test("broadcasts are those that are told and listened to", () => {
  const told = (text: string) => [...text.matchAll(/broadcast\(\s*["`](?:\$\{\w+\})?([\w.]+)["`]/g)].map((m) => m[1]);
  const byServices = SERVICES.flatMap((service) =>
    sources(`services/${service}`).flatMap(({ text }) => told(text).map((event) => `${service} ${event}`)),
  );
  const byPlatform = sources("platform", "mixins").flatMap(({ text }) => told(text));
  // A channel's adapter tells of every log. Only those that somebody listens to are sent.
  expect(byPlatform).toEqual([".log.grown"]);
  // Every node hears of revoked tokens, whatever it runs.
  const ofEachNode = quoted(readFileSync(join(ROOT, "moleculer.config.ts"), "utf8")).filter((name) =>
    /^auth\.\w+_\w+$/.test(name),
  );
  expect(ofEachNode).toEqual(["auth.token_revoked"]);
  const listened = (event: string) =>
    SERVICES.filter((name) => ofEachNode.includes(event) || declared.get(name)?.events.includes(event)).sort();
  const all = new Set([...ofEachNode, ...[...declared.values()].flatMap(({ events }) => events)]);
  const logs = LOGS.filter((log) => all.has(`${log}.log.grown`)).map((log) => `${log} ${log}.log.grown`);
  expect(BROADCASTS.map(({ event, from }) => `${from} ${event}`).sort()).toEqual([...byServices, ...logs].sort());
  for (const { event, to } of BROADCASTS) expect([event, [...to].sort()]).toEqual([event, listened(event)]);
  expect([...all].sort()).toEqual(BROADCASTS.map(({ event }) => event).sort());
});

describe("the look into the sources finds", () => {
  test.each([
    ['await call(ctx, "payments.capture", {})', "payments.capture"],
    ["const action = 'payments.capture';", "payments.capture"],
    ['broker.call<number>("orders.log.head")', "orders.log.head"],
  ])("a name in %s", (text, name) => {
    expect(quoted(text)).toEqual([name]);
  });

  test.each([
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: sources that are looked into
    ["broker.call<Figure[], object>(`${domain}.health.figures`, {})", "health.figures"],
    ["const action = `${domain}.deadLetters.${what}`;", "deadLetters.*"],
    ["this.broker\n    .call<X['y'], object>(`${channel}.log.behind`, {})", "log.behind"],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: until here
  ])("an action of any domain in %s", (text, name) => {
    expect(ofAnyDomain(text)).toEqual([name]);
  });
});
