import { join } from "node:path";
import { runProcess } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MonitoringStack, startMonitoring } from "../../src/live/monitoring-stack.ts";
import { receiverOf } from "../../src/live/notification-sink.ts";
import type { Labels } from "../../src/live/prometheus-process.ts";

/** Labels that the expression of an alert may add; routes must not depend on them. */
const FOUND: Labels = { job: "mcp-hangar", instance: "127.0.0.1:8000", mcp_server: "search", tool: "find" };

let stack: MonitoringStack;

describe("the generated routes", { tags: ["prometheus", "prometheus-alertmanager", "amtool"] }, () => {
  beforeAll(async () => {
    stack = await startMonitoring({ targets: [] });
  });

  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
  });

  test("take every alert that Prometheus has loaded to the receiver of its severity, and only there", async () => {
    const rules = (await stack.prometheus.rules()).filter(({ type }) => type === "alerting");
    expect(rules.length).toBeGreaterThan(30);
    for (const { name, labels = {} } of rules) {
      const all = { ...FOUND, ...labels, alertname: name };
      expect(await routed(all, receiverOf(labels.severity)), name).toBe(true);
      expect(await routed(all, "default"), name).toBe(false);
    }
  });

  test("take what has no severity to the default receiver", async () => {
    expect(await routed({ alertname: "SomebodyElses" }, "default")).toBe(true);
  });
});

async function routed(labels: Labels, receiver: string): Promise<boolean> {
  const args = ["config", "routes", "test", `--config.file=${join(stack.folder, "alertmanager/alertmanager.yaml")}`];
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { code } = await runProcess({ command: "amtool", args: [...args, `--verify.receivers=${receiver}`, ...pairs] });
  return code === 0;
}
