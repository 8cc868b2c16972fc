import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { POLL_DEADLINE_MS } from "@mcp-hangar/testing";
import type { PostedAlert } from "./alertmanager-process.ts";
import { type Fault, job } from "./fault.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import { REFUSED } from "./notification-sink.ts";

/** What Alertmanager says of a receiver that refuses: nothing else answers with this status. */
const refusedBy = (receiver: string): RegExp => new RegExp(`${receiver}[\\s\\S]*unexpected status code ${REFUSED}\\b`);

/** A webhook of the receiver of what is for the record. */
const DEAF_WEBHOOK: Fault = {
  name: "a webhook that refuses every notification",
  alerts: [{ alert: "AlertNotificationsFailing", labels: { ...job, severity: "critical", integration: "webhook" } }],
  complaints: [refusedBy("info")],
  begin: async (_fleet, monitoring) => refusing(monitoring, "info", "info"),
};

/** The pager is deaf, so that somebody else has to hear of it. */
const DEAF_PAGER: Fault = {
  name: "a pager that refuses every notification",
  alerts: [{ alert: "AlertNotificationsFailing", labels: { ...job, severity: "warning", integration: "pagerduty" } }],
  complaints: [refusedBy("pagerduty")],
  begin: async (_fleet, monitoring) => refusing(monitoring, "pagerduty", "critical"),
};

/** Alertmanager has something to tell a receiver, which refuses it. */
async function refusing(
  monitoring: readonly MonitoringStack[],
  receiver: "info" | "pagerduty",
  severity: string,
): Promise<AsyncDisposable> {
  const alert: PostedAlert = {
    labels: { alertname: "SomethingToTell", severity },
    annotations: {
      summary: "There is something to tell",
      description: "It is told until the receiver takes it.",
      runbook_url: "https://example.com/SomethingToTell.md",
    },
  };
  const refusals = monitoring.map(({ sink }) => sink.refuse(receiver));
  await Promise.all(monitoring.map(({ alertmanager }) => alertmanager.post([alert])));
  return {
    async [Symbol.asyncDispose]() {
      for (const refusal of refusals) refusal[Symbol.dispose]();
      const over = { ...alert, endsAt: new Date().toISOString() };
      await Promise.all(monitoring.map(({ alertmanager }) => alertmanager.post([over])));
    },
  };
}

const CONFIG = "prometheus/prometheus.yaml";

/** Somebody has written half of a file and reloads Prometheus, which goes on with what it has. */
const HALF_WRITTEN: Fault = {
  name: "a configuration that Prometheus refuses",
  alerts: [{ alert: "MonitoringConfigNotLoaded", labels: { ...job, severity: "warning" } }],
  complaints: [/couldn't load configuration .*prometheus\.yaml/],
  async begin(_fleet, monitoring) {
    await Promise.all(
      monitoring.map(async ({ folder, files, prometheus }) => {
        await writeFile(join(folder, CONFIG), `${files.get(CONFIG)}  - job_name: [`);
        const { ok } = await fetch(`${prometheus.url}/-/reload`, {
          method: "POST",
          signal: AbortSignal.timeout(POLL_DEADLINE_MS),
        });
        if (ok) throw new Error("Prometheus takes half a configuration");
      }),
    );
    return {
      async [Symbol.asyncDispose]() {
        await Promise.all(
          monitoring.map(async ({ folder, files, prometheus }) => {
            await writeFile(join(folder, CONFIG), files.get(CONFIG) ?? "");
            await prometheus.reload();
          }),
        );
      },
    };
  },
};

/** Faults of those who watch, and not of the fleet. */
export const WATCHER_FAULTS: readonly Fault[] = [DEAF_WEBHOOK, DEAF_PAGER, HALF_WRITTEN];
