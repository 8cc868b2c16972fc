import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
import type { RenderedDashboard } from "../checks/dashboards/rendered.ts";
import { contentPanels, targetsOf } from "../checks/dashboards/rendered.ts";
import { type MonitoringOverrides, resolveOptions } from "../settings/options.ts";
import { buildStack } from "../stack.ts";
import { dashboardFiles } from "./grafana.ts";
import { alertGroups } from "./rules.ts";

function dashboards(overrides: MonitoringOverrides = {}): ReadonlyMap<string, RenderedDashboard> {
  const files = dashboardFiles(buildStack(resolveOptions(overrides)));
  // The renderer wrote these fields.
  return new Map([...files].map(([name, text]) => [name, JSON.parse(text) as RenderedDashboard]));
}

function thresholds(dashboard: RenderedDashboard | undefined, title: string): readonly (number | null)[] {
  const panel = contentPanels(dashboard ?? {}).find((each) => each.type === "timeseries" && each.title === title);
  return (panel?.fieldConfig?.defaults?.thresholds?.steps ?? []).map(({ value }) => value);
}

describe("dashboards", () => {
  test("have the public files and uids", () => {
    expect([...dashboards()].map(([file, { uid }]) => [file, uid])).toEqual([
      ["overview.json", "mcp-hangar-overview"],
      ["mcp-server-details.json", "mcp-hangar-mcp-server-details"],
      ["alerts.json", "mcp-hangar-alerts"],
      ["slo.json", "mcp-hangar-slo"],
      ["telemetry.json", "mcp-hangar-telemetry"],
    ]);
  });

  test("keep the ids of their panels, which are part of links", () => {
    const ids = defaultStack.dashboards.flatMap(({ uid, panels, sections }) => [
      ...panels.map(({ key, id }) => `${uid} ${id} ${key}`),
      ...sections.map(({ id }) => `${uid} ${id}`),
    ]);
    expect(ids.sort()).toMatchSnapshot();
  });

  test("draw the threshold of a share where its alert has it", () => {
    const changed = { alerts: { HighErrorRate: { share: 0.25 } } };
    expect(thresholds(dashboards().get("overview.json"), "Failing calls")).toEqual([null, 0.1]);
    expect(thresholds(dashboards(changed).get("overview.json"), "Failing calls")).toEqual([null, 0.25]);
    expect(JSON.stringify(alertGroups(buildStack(resolveOptions(changed))))).toContain("> 0.25");
    expect(thresholds(dashboards(changed).get("alerts.json"), "High error rate")).toEqual([null, 0.25]);
  });

  test("draw the limit of a quantile where its alert has it", () => {
    const changed = dashboards({ alerts: { HighLatencyP95: { limit: 2.5 } } });
    expect(thresholds(dashboards().get("overview.json"), "Latency")).toEqual([null, 3, 5]);
    expect(thresholds(changed.get("overview.json"), "Latency")).toEqual([null, 2.5, 5]);
  });

  test("draw nothing of an alert that is not generated, and have no panel of its condition", () => {
    const without = dashboards({ alerts: { HighErrorRate: { enabled: false } } });
    expect(thresholds(without.get("overview.json"), "Failing calls")).toEqual([null]);
    expect(contentPanels(without.get("alerts.json") ?? {}).map(({ title }) => title)).not.toContain("High error rate");
  });

  test("give the same ids to the other conditions when an alert is not generated", () => {
    const idOf = (all: ReadonlyMap<string, RenderedDashboard>): number | undefined =>
      contentPanels(all.get("alerts.json") ?? {}).find(({ title }) => title === "High memory usage")?.id;
    expect(idOf(dashboards())).toBe(1016);
    expect(idOf(dashboards({ alerts: { HighErrorRate: { enabled: false } } }))).toBe(1016);
  });

  test("have a threshold for each objective and each burn rate that is set", () => {
    const changed = dashboards({ slos: { errors: { objective: 0.9999 } } }).get("slo.json");
    const text = JSON.stringify(changed);
    expect(text).toContain("99.99 %");
    expect(text).toContain("1h: limit 0.144 %");
  });

  test("name every job that they are generated for, not all that Prometheus scrapes", () => {
    const overview = JSON.stringify(dashboards({ jobName: "gateway-eu" }).get("overview.json"));
    expect(overview).toContain('"current":{"text":["gateway-eu"],"value":["gateway-eu"]}');
    expect(overview).not.toContain('job="gateway-eu"');
  });

  test("lead from the fleet to a server and from a server to its tools", () => {
    const overview = JSON.stringify(dashboards().get("overview.json"));
    expect(overview).toContain(`var-mcp_server=\${__field.labels.mcp_server:percentencode}`);
    expect(overview).toContain(`var-mcp_server=\${__data.fields.mcp_server:percentencode}`);
    const details = JSON.stringify(dashboards().get("mcp-server-details.json"));
    expect(details).toContain(`var-tool=\${__field.labels.tool:percentencode}`);
  });

  test("lead from a number to the panel behind it, with what the reader chose", () => {
    const urlOf = (file: string, title: string): string => {
      const found = contentPanels(dashboards().get(file) ?? {}).find(
        (each) => each.type === "stat" && each.title === title,
      );
      return found?.fieldConfig?.defaults?.links?.[0]?.url ?? "";
    };
    const time = `\${__url_time_range}`;
    const kept = (...names: readonly string[]): string => names.map((name) => `\${${name}:queryparam}`).join("&");
    expect(urlOf("overview.json", "Failing calls")).toBe(
      `/d/mcp-hangar-overview?viewPanel=205&${kept("prometheus_datasource", "job", "instance")}&${time}`,
    );
    expect(urlOf("mcp-server-details.json", "Failing calls")).toBe(
      `/d/mcp-hangar-mcp-server-details?viewPanel=203&${kept("prometheus_datasource", "job", "instance", "mcp_server", "tool")}&${time}`,
    );
    // The board of the objectives has no choice of gateways, and none is made up.
    expect(urlOf("slo.json", "Good in 30d")).toContain(
      `viewPanel=801&${kept("alertmanager_datasource", "prometheus_datasource", "job")}&`,
    );
  });

  test("lead to one gateway, which is chosen by the click alone", () => {
    const overview = JSON.stringify(dashboards().get("overview.json"));
    expect(overview).toContain(`\${job:queryparam}&var-instance=\${__data.fields.instance:percentencode}`);
  });

  test("lead to runbooks, traces and the history, where it is said where they are", () => {
    const outside = (overrides: MonitoringOverrides): readonly (string | undefined)[] =>
      (dashboards(overrides).get("overview.json")?.links ?? []).flatMap(({ url }) =>
        url?.startsWith("/") ? [] : [url],
      );
    const gatewayUrl = "https://hangar.example.com";
    expect(outside({ gatewayUrl, tracesUrl: "https://tempo.example.com", runbookBaseUrl: "https://wiki/x" })).toEqual([
      "https://wiki/x/README.md",
      "https://tempo.example.com",
      "https://hangar.example.com/api/history",
    ]);
    const details = JSON.stringify(dashboards({ gatewayUrl }).get("mcp-server-details.json"));
    expect(details).toContain(
      `https://hangar.example.com/api/mcp_servers/\${__field.labels.mcp_server:percentencode}/history`,
    );
    expect(outside({ gatewayUrl: "", tracesUrl: "" }).length).toBe(1);
    expect(JSON.stringify(dashboards({ gatewayUrl: "" }).get("mcp-server-details.json"))).not.toContain("/history");
  });

  test("lead from every threshold of an alert to the page about it, wherever the pages are", () => {
    const runbookBaseUrl = "https://wiki.example.com/runbooks";
    const stack = buildStack(resolveOptions({ runbookBaseUrl }));
    const rendered = [...dashboards({ runbookBaseUrl }).values()].flatMap((dashboard) =>
      contentPanels(dashboard).map(
        (panel) => `${dashboard.uid} ${panel.id}: ${(panel.links ?? []).map(({ url }) => url).join()}`,
      ),
    );
    const drawn = stack.dashboards.flatMap(({ uid, panels }) =>
      panels.map(
        ({ id, alerts }) => `${uid} ${id}: ${alerts.map(({ name }) => `${runbookBaseUrl}/${name}.md`).join()}`,
      ),
    );
    expect(rendered.toSorted()).toEqual(drawn.toSorted());
    expect(rendered).toContain(`mcp-hangar-telemetry 103: ${runbookBaseUrl}/MCPHangarTelemetryExportFailing.md`);
  });
});

describe("promtool", { tags: ["promtool"] }, () => {
  test("accepts every query and every annotation", () => {
    const exprs = [...dashboards().values()].flatMap((dashboard) => [
      ...targetsOf(dashboard).map(({ target }) => target.expr ?? ""),
      ...(dashboard.annotations?.list ?? []).map(({ expr = "" }) => expr),
    ]);
    const rules = [...new Set(exprs)].map((expr, index) => ({
      record: `query:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const folder = mkdtempSync(join(tmpdir(), "queries-"));
    try {
      writeFileSync(join(folder, "rules.yaml"), dump({ groups: [{ name: "queries", rules }] }, { lineWidth: -1 }));
      expect(execFileSync("promtool", ["check", "rules", join(folder, "rules.yaml")], { encoding: "utf8" })).toContain(
        `SUCCESS: ${rules.length} rules found`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
