import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ConformanceReport,
  passedScenarios,
  REQUIREMENT_SETS,
  runConformanceSuite,
} from "../src/harness/conformance-suite.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";

/** Scenarios of a requirement set that concern a server, so that a suite that runs nothing cannot pass. */
const REQUIRED_SCENARIOS = { "2025-11-25": 30, "2026-07-28": 37 };

let fixture: HttpUpstream;
let gateway: HttpGateway;

beforeAll(async () => {
  fixture = await startFixture("conformance/main.ts");
  gateway = await startGateway({ mcp_servers: { fixture: { mode: "remote", endpoint: fixture.url } } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(REQUIREMENT_SETS)("the official conformance suite, requirement set %s", (requirements) => {
  let direct: ConformanceReport;

  beforeAll(async () => {
    direct = await runConformanceSuite(fixture.url, requirements);
  });

  test("the fixture itself passes every required scenario", () => {
    expect(passedScenarios(direct), direct.summary).toHaveLength(REQUIRED_SCENARIOS[requirements]);
    expect(direct.exitCode).toBe(0);
  });

  test("through the gateway the same scenarios and checks have the same outcome", async () => {
    const through = await runConformanceSuite(gateway.mcpUrl("fixture"), requirements);
    expect(passedScenarios(through), through.summary).toEqual(passedScenarios(direct));
    expect(through.checks, through.summary).toEqual(direct.checks);
    expect(through.exitCode, through.summary).toBe(0);
  });
});
