import { POLL_DEADLINE_MS, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUDIT_FAULTS } from "../../src/live/audit-faults.ts";
import { type AuditedGateway, startAuditedGateway } from "../../src/live/audited-gateway.ts";
import { type MonitoringStack, startMonitoring } from "../../src/live/monitoring-stack.ts";
import { prove } from "../../src/live/prove.ts";
import { alertName } from "../../src/live/watch.ts";

let world: AuditedGateway;
let stack: MonitoringStack;

describe("with Prometheus and Alertmanager for real, of a gateway that keeps an audit journal", {
  tags: ["prometheus", "prometheus-alertmanager", "amtool"],
}, () => {
  beforeAll(async () => {
    world = await startAuditedGateway();
    await world.act();
    stack = await startMonitoring({ targets: [world.target] });
    const scrapes = async (): Promise<number> =>
      (await stack.prometheus.query("min(count_over_time(up[1m]))"))[0]?.value ?? 0;
    await poll("ten scrapes", async () => (await scrapes()) >= 10, POLL_DEADLINE_MS, 500);
  });

  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test("nobody is told of anything while it is well", async () => {
    expect((await stack.prometheus.firing()).map(({ alertname }) => alertname)).toEqual([alertName("Watchdog")]);
  });

  test.each(AUDIT_FAULTS)("receivers are told of $name, and of its end", async (fault) => {
    await prove(fault, world, [stack]);
  });

  test("every alert of the trail was proved, but that of dropped records, which the collectors of the fleet prove", async () => {
    const proved = AUDIT_FAULTS.flatMap(({ alerts }) => alerts.map(({ alert }) => alertName(alert)));
    const rules = (await stack.prometheus.rules()).filter(({ type }) => type === "alerting");
    const ofTrail = rules.map(({ name }) => name).filter((name) => /Audit(?!RecordsDropped)/.test(name));
    expect(proved).toEqual(expect.arrayContaining([...new Set(ofTrail)]));
    expect(new Set(ofTrail).size).toBe(5);
  });

  test("no record was lost", async () => {
    const lost = await stack.prometheus.query(
      'sum(max_over_time(mcp_hangar_telemetry_dropped_total{signal="audit"}[1h]))',
    );
    expect(lost.map(({ value }) => value)).toEqual([0]);
  });
});
