import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { kubernetesSecrets } from "../../scripts/deployment/secrets.ts";
import { ROOT } from "../support/process.ts";
import { render, renderer } from "./kustomize.ts";
import type { Manifest } from "./manifests.ts";
import { MUTATIONS, type RuleName } from "./mutations.ts";
import {
  externalSecrets,
  referencesAreResolved,
  secretsAreTheirOwn,
  secretsAreThere,
  settingsAreRead,
} from "./rules/environment.ts";
import { allIsDenied, publicRoutesAreReached, trafficIsWhatIsNeeded } from "./rules/network.ts";
import {
  imagesArePinned,
  namespaceIsRestricted,
  podsAreRestricted,
  probesAreAnswered,
  resourcesAreGiven,
  stopsAreWaitedFor,
} from "./rules/pods.ts";
import { natsIsWhole, redisIsBounded } from "./rules/servers.ts";
import { everyServiceIsThere, oneMayGo, portsAreThere } from "./rules/services.ts";
import type { Rule, World } from "./rules/world.ts";
import { schemaErrors } from "./schemas.ts";

const fitsTheSchemas: Rule = ({ objects }) =>
  schemaErrors(objects).flatMap((lines, i) =>
    lines.map((line) => `${objects[i]?.kind} ${objects[i]?.metadata.name}: ${line}`),
  );

const rules: Readonly<Record<RuleName, Rule>> = {
  fitsTheSchemas,
  everyServiceIsThere,
  oneMayGo,
  portsAreThere,
  podsAreRestricted,
  namespaceIsRestricted,
  resourcesAreGiven,
  imagesArePinned,
  probesAreAnswered,
  stopsAreWaitedFor,
  settingsAreRead,
  referencesAreResolved,
  secretsAreThere,
  secretsAreTheirOwn,
  allIsDenied,
  trafficIsWhatIsNeeded,
  publicRoutesAreReached,
  natsIsWhole,
  redisIsBounded,
};
const names = Object.keys(rules) as RuleName[];

const OVERLAYS = readdirSync(path.join(ROOT, "k8s/overlays"));

function keysOf(secrets: Readonly<Record<string, object>>): World["secrets"] {
  return Object.fromEntries(Object.entries(secrets).map(([name, keys]) => [name, Object.keys(keys)]));
}

function worldOf(overlay: string): World {
  const objects = render(`k8s/overlays/${overlay}`);
  const made = externalSecrets(objects);
  return { objects, secrets: Object.keys(made).length > 0 ? made : keysOf(kubernetesSecrets()) };
}

const describeRendered = renderer ? describe : describe.skip;
if (!renderer) {
  test("k8s/: NOT CHECKED, as neither kustomize nor kubectl can be found", () => {
    console.warn(
      "k8s/: NOT CHECKED. Install kubectl 1.27 or newer, or kustomize 5: https://kubectl.docs.kubernetes.io",
    );
    expect(process.env.CI).not.toBe("true");
  });
}

describeRendered.each(OVERLAYS)("k8s/overlays/%s", (overlay) => {
  let world: World;
  beforeAll(() => {
    world = worldOf(overlay);
  });

  test.each(names)("%s", async (name) => {
    expect(await rules[name](world)).toEqual([]);
  });
});

describeRendered("what is noticed", () => {
  let world: World;
  beforeAll(() => {
    world = worldOf("production");
  });

  test.each(MUTATIONS)("%s", async (_what, by, change) => {
    const broken = { ...world, objects: structuredClone(world.objects) as Manifest[] };
    change(broken.objects);
    expect(await rules[by](broken)).not.toEqual([]);
  });

  test("by every rule", () => {
    expect([...new Set(MUTATIONS.map(([, by]) => by))].sort()).toEqual([...names].sort());
  });

  test("a field that no schema knows, wherever it is", () => {
    const objects = world.objects.filter(({ kind }) => kind !== "ExternalSecret");
    const broken = objects.flatMap((object) =>
      placesOf(object).map((place) => ({ place, object: withStranger(object, place) })),
    );
    const errors = schemaErrors(broken.map(({ object }) => object));
    const unnoticed = broken
      .filter((_, i) => errors[i]?.length === 0)
      .map(({ place, object: { kind } }) => (place.at(-1) === "selector" ? `${kind}.selector` : place.at(-1)));
    // These are maps, of any keys and texts.
    const maps = ["Service.selector", "data", "labels", "matchLabels"];
    expect([...new Set(unnoticed)].sort()).toEqual(maps);
  });
});

function withStranger(object: Manifest, place: readonly string[]): Manifest {
  const broken = structuredClone(object) as unknown as Record<string, unknown>;
  place.reduce((inner, key) => inner[key] as Record<string, unknown>, broken).unheardOf = "x";
  return broken as unknown as Manifest;
}

/** Where an object has objects inside. */
function placesOf(value: unknown, place: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== "object") return [];
  const inside = Object.entries(value).flatMap(([key, item]) => placesOf(item, [...place, key]));
  return Array.isArray(value) ? inside : [place, ...inside];
}

test("every folder of k8s/overlays is one", () => {
  const kustomization = (overlay: string) => path.join(ROOT, "k8s/overlays", overlay, "kustomization.yaml");
  expect(OVERLAYS.filter((overlay) => !existsSync(kustomization(overlay)))).toEqual([]);
  expect(OVERLAYS).not.toEqual([]);
});
