import { join } from "node:path";

const rootDir = join(import.meta.dirname, "..");

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

export default {
  rootDir,
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: [
        "<rootDir>/{platform,mixins,services}/**/*.spec.ts",
        "<rootDir>/test/{boundaries,docs,events}/*.spec.ts",
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
      displayName: "end-to-end",
      testMatch: ["<rootDir>/test/end-to-end/**/*.test.ts"],
    },
  ],
  // Tests always run in worker processes: one that leaks is killed at the end, where jest itself would wait for ever.
  workerIdleMemoryLimit: "1GB",
  maxWorkers: "100%",
  reporters: ["default", "<rootDir>/test/support/closing-line-reporter.cjs"],
  // v8 would count the lines of types as statements, and files that nothing loads as without branches.
  coverageProvider: "babel",
  collectCoverageFrom: ["{platform,mixins,services}/**/*.ts", "!**/*.spec.ts"],
  coverageReporters: ["text-summary", "lcovonly"],
  coverageThreshold: { global: { statements: 80, lines: 80, functions: 80, branches: 70 } },
};
