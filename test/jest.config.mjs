import { join } from "node:path";
import { findProgram } from "../scripts/cluster/servers.ts";
import { memoryFolder } from "./support/memory-folder.ts";

const rootDir = join(import.meta.dirname, "..");

// Here, as workers and what they start inherit it.
const memory = memoryFolder();
if (memory !== undefined) process.env.TMPDIR ??= memory;

/** What every project shares; jest's projects inherit nothing from the configuration that lists them. */
const shared = {
  rootDir,
  // As Node strips types: `import { type X }` stays an import, `import type` goes.
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          parser: { syntax: "typescript" },
          target: "es2024",
          transform: { verbatimModuleSyntax: true },
        },
      },
    ],
  },
  moduleFileExtensions: ["ts", "mjs", "cjs", "js", "json", "node"],
  modulePathIgnorePatterns: ["<rootDir>/test/boundaries/fixtures", "<rootDir>/.data"],
  testEnvironment: "<rootDir>/test/support/leak-guard.cjs",
  restoreMocks: true,
};

/**
 * What holds for one process holds for a cluster: the same tests once more. Without the servers of a cluster they are
 * left out, and that is said; with `CI=true` they fail.
 */
function onCluster() {
  const missing = ["nats-server", "redis-server"].filter((program) => findProgram(program) === undefined);
  if (missing.length > 0 && process.env.CI !== "true") {
    // Workers read this file too.
    if (process.env.JEST_WORKER_ID === undefined)
      console.warn(`NOT RUN: the flow tests on a cluster, as ${missing.join(" and ")} cannot be found.`);
    return [];
  }
  return [
    {
      ...shared,
      displayName: "flow on a cluster",
      testMatch: ["<rootDir>/test/flow/{{rest,attacks,notifications,webhooks}/*,scenarios,promises,faults}.test.ts"],
      // A cluster by itself, of which "flow" sees to.
      testPathIgnorePatterns: ["-cluster\\.test\\.ts$"],
      setupFiles: ["<rootDir>/test/support/as-cluster.cjs"],
      globalSetup: "<rootDir>/test/support/global-setup.ts",
      globalTeardown: "<rootDir>/test/support/global-teardown.ts",
    },
  ];
}

export default {
  rootDir,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: [
        "<rootDir>/{platform,mixins,services}/**/*.spec.ts",
        "<rootDir>/test/{boundaries,deploy,docs,events}/*.spec.ts",
        "<rootDir>/test/bench/**/*.spec.ts",
      ],
      testPathIgnorePatterns: ["\\.db\\.spec\\.ts$"],
    },
    {
      ...shared,
      displayName: "flow",
      testMatch: ["<rootDir>/test/flow/**/*.test.ts", "<rootDir>/{platform,mixins,services}/**/*.db.spec.ts"],
      globalSetup: "<rootDir>/test/support/global-setup.ts",
      globalTeardown: "<rootDir>/test/support/global-teardown.ts",
    },
    {
      ...shared,
      displayName: "cluster",
      testMatch: ["<rootDir>/test/cluster/**/*.test.ts"],
      globalSetup: "<rootDir>/test/support/global-setup.ts",
      globalTeardown: "<rootDir>/test/support/global-teardown.ts",
    },
    ...onCluster(),
    {
      ...shared,
      displayName: "end-to-end",
      testMatch: ["<rootDir>/test/end-to-end/**/*.test.ts"],
    },
  ],
  // Tests always run in worker processes: one that leaks is killed at the end, where jest itself would wait for ever.
  workerIdleMemoryLimit: "1GB",
  maxWorkers: "100%",
  // Most files say their own. Jest's five seconds are less than a start takes on a machine that is busy with other tests.
  testTimeout: 30_000,
  reporters: ["default", "<rootDir>/test/support/closing-line-reporter.cjs"],
  // v8 would count the lines of types as statements, and files that nothing loads as without branches.
  coverageProvider: "babel",
  collectCoverageFrom: ["{platform,mixins,services}/**/*.ts", "!**/*.spec.ts"],
  coverageReporters: ["text-summary", "lcovonly"],
  coverageThreshold: { global: { statements: 80, lines: 80, functions: 80, branches: 70 } },
};
