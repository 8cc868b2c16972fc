import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/testing/longest-first.ts";
import { requirements } from "./scripts/testing/programs.mjs";
import { SuiteReporter } from "./scripts/testing/suite-reporter.ts";
import { programsFolder } from "./scripts/testing/unpacked-programs.mjs";
import { root } from "./scripts/toolchain/pins.mjs";

/** Many tests wait for processes that they have started: with one file more than there are processors, fewer of those idle. */
const workers = Math.min(4, availableParallelism() + 1);

const { env } = process;
// Gateways and servers that tests start compile the same sources hundreds of times; Node.js keeps what it has compiled.
env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/compiled");
env.HANGAR_PROGRAMS ??= programsFolder;

const suite = new SuiteReporter({
  workers,
  strict: env.HANGAR_TESTS_STRICT === "1",
  mayBeMissing: (env.HANGAR_TESTS_MAY_MISS ?? "").split(" "),
  record: env.HANGAR_TESTS_RECORD === "1",
});
/** Where a machine reads how each test went. */
const reportFile = env.HANGAR_TESTS_REPORT;

const givesWay = "scripts/testing/gives-way.ts";

/**
 * Files that leave nothing behind in their process that the setup does not clear away share one: half a second a file, for a process
 * and everything that is imported.
 */
const shared = { isolate: false, setupFiles: [givesWay, "packages/telemetry/test/forget-secrets.ts"] };

const bundle = "scripts/testing/fresh-bundle.ts";
const long = "{packages,apps}/*/test/**/*.long.test.ts";
const nightly = "{packages,apps}/*/test/**/*.nightly.test.ts";

/**
 * Four projects, of which `npm test` runs the first two; `nightly` installs packages of others from npm. Sources are resolved directly, so tests need no build; the gateway that
 * tests start as a process is a bundle, which a setup makes of the sources before the first test and whenever they have changed.
 * A test that needs a program carries its name as a tag, and is left out where there is none.
 */
export default defineConfig({
  resolve: { conditions: ["@mcp-hangar/source"] },
  ssr: { resolve: { conditions: ["@mcp-hangar/source", "node", "import", "default"] } },
  test: {
    // A busy machine takes its time; a test that polls has a deadline of its own and says what it waited for.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: workers,
    sequence: { sequencer: LongestFirst },
    // Said only where it is so: of several tags of a test the last one that says anything counts.
    tags: requirements.map(({ name, description, isMet }) => ({ name, description, ...(!isMet() && { skip: true }) })),
    reporters: ["default", suite, ...(reportFile === undefined ? [] : ["json"])],
    outputFile: { ...(reportFile !== undefined && { json: reportFile }) },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          ...shared,
          include: ["{packages,apps}/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "process",
          ...shared,
          include: ["{packages,apps}/*/test/**/*.test.ts"],
          exclude: [long, nightly],
          globalSetup: [bundle],
        },
      },
      { extends: true, test: { name: "long", include: [long], setupFiles: [givesWay], globalSetup: [bundle] } },
      { extends: true, test: { name: "nightly", include: [nightly], globalSetup: [bundle] } },
    ],
  },
});
