import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ComparedSet, conformancePage } from "../src/harness/conformance-page.ts";
import {
  type ConformanceReport,
  passedScenarios,
  runConformanceSuite,
  worsened,
} from "../src/harness/conformance-suite.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";

/** Scenarios of a requirement set that concern a server, so that a suite that runs nothing cannot pass. */
const REQUIRED_SCENARIOS = { "2025-11-25": 30, "2026-07-28": 37 };

/** Each set at the server of both eras and of the one that it is about; the older one at a server whose streams can be taken up again, too. */
const RUNS = [
  { requirements: "2025-11-25", direct: "both", through: ["legacy", "both"] },
  { requirements: "2025-11-25", direct: "polling", through: ["polling"] },
  { requirements: "2026-07-28", direct: "both", through: ["modern", "both"] },
] as const;

let fixtures: Readonly<Record<string, HttpUpstream>>;
let gateway: HttpGateway;
const compared: ComparedSet[] = [];

beforeAll(async () => {
  const kinds = ["both", "legacy", "modern", "polling"];
  const started = kinds.map(async (kind) => [kind, await startFixture("conformance/main.ts", kind)] as const);
  fixtures = Object.fromEntries(await Promise.all(started));
  const servers = Object.entries(fixtures).map(([kind, { url }]) => [kind, { mode: "remote", endpoint: url }]);
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  for (const fixture of Object.values(fixtures)) await fixture[Symbol.asyncDispose]();
});

describe.each(RUNS)(
  "the official conformance suite, requirement set $requirements, server $direct",
  ({ requirements, direct: kind, through: kinds }) => {
    let direct: ConformanceReport;
    const reports = new Map<string, ConformanceReport>();

    beforeAll(async () => {
      direct = await runConformanceSuite(String(fixtures[kind]?.url), requirements);
      compared.push({ requirements, resumable: kind === "polling", direct, through: reports });
    });

    test("the fixture itself passes every required scenario", () => {
      expect(passedScenarios(direct), direct.summary).toHaveLength(REQUIRED_SCENARIOS[requirements]);
      expect(direct.exitCode).toBe(0);
    });

    test.each(kinds)("through the gateway no check of the server %s is worse", async (behind) => {
      const through = await runConformanceSuite(gateway.mcpUrl(behind), requirements);
      reports.set(behind === "legacy" || behind === "modern" ? `${behind} only` : "both", through);
      expect(passedScenarios(through), through.summary).toEqual(passedScenarios(direct));
      expect(worsened(direct, through), through.summary).toEqual([]);
      expect(through.exitCode, through.summary).toBe(0);
    });
  },
);

test("the page says what comes out otherwise", async () => {
  expect(compared.map(({ through }) => through.size)).toEqual([2, 1, 2]);
  await expect(conformancePage(compared)).toMatchFileSnapshot("../../../docs/reference/conformance.md");
});
