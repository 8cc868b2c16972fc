import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ComparedSet, conformancePage } from "../src/harness/conformance-page.ts";
import {
  type ConformanceReport,
  passedScenarios,
  REQUIREMENT_SETS,
  runConformanceSuite,
  worsened,
} from "../src/harness/conformance-suite.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";

/** Scenarios of a requirement set that concern a server, so that a suite that runs nothing cannot pass. */
const REQUIRED_SCENARIOS = { "2025-11-25": 30, "2026-07-28": 37 };

const ERAS = { "2025-11-25": "legacy", "2026-07-28": "modern" } as const;

let fixtures: Readonly<Record<string, HttpUpstream>>;
let gateway: HttpGateway;
const compared: ComparedSet[] = [];

beforeAll(async () => {
  const eras = ["both", "legacy", "modern"];
  const started = eras.map(async (era) => [era, await startFixture("conformance/main.ts", era)] as const);
  fixtures = Object.fromEntries(await Promise.all(started));
  const servers = Object.entries(fixtures).map(([era, { url }]) => [era, { mode: "remote", endpoint: url }]);
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  for (const fixture of Object.values(fixtures)) await fixture[Symbol.asyncDispose]();
});

describe.each(REQUIREMENT_SETS)("the official conformance suite, requirement set %s", (requirements) => {
  let direct: ConformanceReport;
  const reports = new Map<string, ConformanceReport>();

  beforeAll(async () => {
    direct = await runConformanceSuite(String(fixtures.both?.url), requirements);
    compared.push({ requirements, direct, through: reports });
  });

  test("the fixture itself passes every required scenario", () => {
    expect(passedScenarios(direct), direct.summary).toHaveLength(REQUIRED_SCENARIOS[requirements]);
    expect(direct.exitCode).toBe(0);
  });

  test.each([ERAS[requirements], "both"])("through the gateway no check of the server %s is worse", async (era) => {
    const through = await runConformanceSuite(gateway.mcpUrl(era), requirements);
    reports.set(era === "both" ? "both" : `${era} only`, through);
    expect(passedScenarios(through), through.summary).toEqual(passedScenarios(direct));
    expect(worsened(direct, through), through.summary).toEqual([]);
    expect(through.exitCode, through.summary).toBe(0);
  });
});

test("the page says what comes out otherwise", async () => {
  expect(compared.map(({ through }) => through.size)).toEqual([2, 2]);
  await expect(conformancePage(compared)).toMatchFileSnapshot("../../../docs/reference/conformance.md");
});
