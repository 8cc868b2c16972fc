import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UNEXPORTED_SIGNALS } from "@mcp-hangar/monitoring";
import { catalog, EXPORT_SIGNALS, type MetricDefinition } from "@mcp-hangar/telemetry";
import { freePort, POLL_DEADLINE_MS, poll, runProcess } from "@mcp-hangar/testing";
import { LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type ListingUpstreams, startListingUpstreams } from "../src/harness/listing-upstreams.ts";
import type { MetricsPage } from "../src/harness/metrics-page.ts";
import { type Family, parseOpenMetrics } from "../src/harness/openmetrics/parse.ts";
import { reloadByRest, rest } from "../src/harness/reloading.ts";
import { taskClient } from "../src/harness/task-client.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");
const definitions = Object.entries<MetricDefinition>(catalog);

let http: HttpUpstream;
let careless: ListingUpstreams;
let folder: TemporaryFolder;
let collector: OtlpReceiver;
let langfuse: LangfuseReceiver;
let gateway: HttpGateway;
let page: MetricsPage;
let families: ReadonlyMap<string, Family>;

beforeAll(async () => {
  http = await startFixture("misbehaving/http.ts");
  careless = await startListingUpstreams({ legacy: { "tools/list": [{ name: "no_schema" }, { name: "" }] } });
  folder = await temporaryFolder();
  langfuse = await LangfuseReceiver.start();
  await writeFile(join(folder.path, "found.json"), JSON.stringify(nodeServer(STDIO)));
  // Calls and checks include cold starts, which take longer beside other work.
  const quick = { health_check_interval_s: 0.2, call_timeout_s: 4, max_consecutive_failures: 1 };
  collector = await OtlpReceiver.start();
  gateway = await startGateway({
    observability: {
      otlp_audit: { endpoint: collector.httpUrl },
      otlp_logs: { enabled: true, endpoint: collector.grpcUrl, protocol: "grpc" },
      // Only the traces that a caller has decided to record, so that one of them is the exemplar of its bucket.
      tracing: { endpoint: collector.httpUrl, sample_rate: 0, keep_errors: false },
      langfuse: { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", host: langfuse.url },
    },
    mcp_servers: {
      piped: { ...nodeServer(STDIO), ...quick },
      remote: { mode: "remote", endpoint: http.url, ...quick },
      careless: { mode: "remote", endpoint: careless.endpoint("legacy") },
      tasking: nodeServer(fixtureFile("tasks/main.ts")),
      idle: { ...nodeServer(STDIO), ...quick, idle_ttl_s: 0.3 },
      browser: { ...nodeServer(fixtureFile("browser/main.ts"), "stdio", "metrics-catalog"), sessions: "per_client" },
      refusing: { ...nodeServer(STDIO, "--refuse"), ...quick },
      absent: { mode: "remote", endpoint: `http://127.0.0.1:${await freePort()}/mcp`, ...quick },
    },
    discovery: {
      sources: {
        folder: { type: "filesystem", path: folder.path, interval_s: 0.2 },
        nowhere: { type: "filesystem", path: `${folder.path}/missing`, interval_s: 0.2 },
      },
    },
    rate_limit: { enabled: true, requests_per_second: 5, burst: 40 },
    history: { file: join(folder.path, "history.db") },
    compliance: {
      journal: { folder: join(folder.path, "journal") },
      sinks: [{ type: "file", name: "lines", path: join(folder.path, "records") }],
    },
    config_reload: { watch: false },
  });
  await exercise(gateway);
  page = await gateway.metrics();
  families = parseOpenMetrics(await openMetricsText(gateway));
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await collector?.close();
  await http?.[Symbol.asyncDispose]();
  await careless?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
  await langfuse?.close();
});

describe("after a run that exercises everything", () => {
  test.each(definitions)("%s is exposed with its declared name, type, help and labels", (_key, definition) => {
    expect(page.text).toContain(`# TYPE ${definition.name} ${definition.type}\n`);
    expect(page.text).toContain(`# HELP ${definition.name} ${definition.help}\n`);
    const samples = samplesOf(definition);
    expect(samples.length).toBeGreaterThan(0);
    for (const { labels } of samples) {
      const { le: _bound, ...own } = labels;
      expect(Object.keys(own).sort()).toEqual(Object.keys(definition.labels).sort());
      for (const [label, spec] of Object.entries(definition.labels)) {
        if (spec.kind === "closed") expect(spec.values).toContain(own[label]);
      }
    }
    if (definition.type === "histogram") {
      const bounds = new Set(
        samples.flatMap(({ labels: { le } }) => (le === undefined || le === "+Inf" ? [] : [Number(le)])),
      );
      expect([...bounds]).toEqual([...definition.buckets]);
    }
  });

  test("no series of the gateway exists that the catalog does not declare", () => {
    const declared = new Set(definitions.flatMap(([, definition]) => sampleNames(definition)));
    const found = new Set(page.samples.map(({ name }) => name).filter((name) => name.startsWith("mcp_hangar_")));
    expect([...found].filter((name) => !declared.has(name))).toEqual([]);
  });

  test("exporters have series for every signal, but for those of which alerts are said to be dormant", () => {
    const found = new Set(page.select("mcp_hangar_telemetry_queue_capacity", {}).map(({ labels }) => labels.signal));
    const exported = EXPORT_SIGNALS.filter((signal) => UNEXPORTED_SIGNALS[signal] === undefined);
    expect(found).toEqual(new Set(exported));
  });

  test("the process and its runtime are measured too", () => {
    expect(page.sum("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(page.sum("process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    expect(page.samples.some(({ name }) => name.startsWith("nodejs_"))).toBe(true);
  });

  test("promtool finds nothing to complain about", { tags: ["promtool"] }, async () => {
    const { code, stdout, stderr } = await runProcess(
      { command: "promtool", args: ["check", "metrics"] },
      POLL_DEADLINE_MS,
      page.text,
    );
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: "" });
  });

  test("a strict OpenMetrics parse finds the same families, and exemplars nowhere but on buckets and counters", () => {
    for (const [, { name, type }] of definitions) {
      const family = families.get(type === "counter" ? name.replace(/_total$/, "") : name);
      expect(family?.type, name).toBe(type);
    }
  });

  test("the latency of a traced call has its trace as an exemplar", () => {
    const samples = families.get("mcp_hangar_tool_call_duration_seconds")?.samples ?? [];
    const traces = samples.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar.labels.trace_id]));
    expect(traces).toContain("4bf92f3577b34da6a3ce929d0e0e4736");
  });

  test("known label sets exist with 0 before their first event, and nothing that a caller typed is a label", () => {
    const neverCalled = { mcp_server: "absent", status: "success" };
    expect(
      page.select("mcp_hangar_mcp_server_starts_total", { mcp_server: "absent", result: "success" }),
    ).toMatchObject([{ value: 0 }]);
    expect(page.sum("mcp_hangar_tool_calls_total", neverCalled)).toBe(0);
    expect(page.text).not.toContain("typed_by_a_caller");
  });

  test("counted facts agree with what was done", () => {
    const calls = (labels: Record<string, string>): number => page.sum("mcp_hangar_tool_calls_total", labels);
    expect(calls({ mcp_server: "remote", tool: "ok", status: "success" })).toBe(1);
    expect(calls({ mcp_server: "remote", tool: "is_error", status: "error" })).toBe(1);
    expect(calls({ mcp_server: "remote", tool: "silence", status: "timeout" })).toBe(1);
    expect(page.sum("mcp_hangar_mcp_server_up", { mcp_server: "refusing" })).toBe(0);
    expect(page.sum("mcp_hangar_mcp_server_up", { mcp_server: "remote" })).toBe(1);
    expect(
      page.sum("mcp_hangar_http_requests_total", { mcp_server: "remote", method: "POST", status: "200" }),
    ).toBeGreaterThan(2);
    expect(page.sum("mcp_hangar_http_requests_total", { mcp_server: "absent", status: "error" })).toBeGreaterThan(0);
    expect(
      page.sum("mcp_hangar_messages_total", { mcp_server: "piped", direction: "sent", kind: "request" }),
    ).toBeGreaterThan(2);
    expect(page.sum("mcp_hangar_rate_limit_hits_total")).toBeGreaterThan(0);
    expect(page.sum("mcp_hangar_rate_limit_hits_total")).toBe(
      page.sum("mcp_hangar_tool_call_rejections_total", { reason: "rate_limited" }),
    );
    expect(page.sum("mcp_hangar_batch_calls_total", { result: "partial" })).toBe(1);
    expect(page.sum("mcp_hangar_batch_calls_total", { result: "validation_error" })).toBe(1);
    expect(page.sum("mcp_hangar_batch_items_total", { status: "success" })).toBe(1);
    expect(page.sum("mcp_hangar_batch_items_total")).toBe(2);
    expect(page.sum("mcp_hangar_batch_size_sum")).toBe(2);
    expect(page.sum("mcp_hangar_config_reloads_total", { result: "success" })).toBe(1);
    expect(page.sum("mcp_hangar_config_reloads_total", { result: "failure" })).toBe(1);
    expect(page.sum("mcp_hangar_config_last_reload_successful")).toBe(0);
    const found = { source: "folder" };
    expect(page.sum("mcp_hangar_discovery_mcp_servers", found)).toBe(1);
    expect(page.sum("mcp_hangar_discovery_registrations_total", found)).toBe(1);
    expect(page.sum("mcp_hangar_discovery_deregistrations_total", found)).toBe(0);
    expect(page.sum("mcp_hangar_discovery_errors_total", found)).toBe(0);
    expect(page.sum("mcp_hangar_discovery_source_healthy", found)).toBe(1);
    expect(page.sum("mcp_hangar_discovery_errors_total", { source: "nowhere" })).toBeGreaterThan(0);
    expect(page.select("mcp_hangar_discovery_source_healthy", { source: "nowhere" })).toMatchObject([{ value: 0 }]);
    for (const action of ["mended", "left_out"]) {
      expect(page.sum("mcp_hangar_list_item_faults_total", { mcp_server: "careless", list: "tools", action })).toBe(1);
    }
    const remote = { mcp_server: "remote" };
    expect(page.sum("mcp_hangar_tool_call_tokens_total", { ...remote, kind: "input" })).toBe(120);
    expect(page.sum("mcp_hangar_tool_call_tokens_total", { ...remote, kind: "output" })).toBe(30);
    expect(page.sum("mcp_hangar_tool_call_cost_total", { ...remote, currency: "USD" })).toBe(0.25);
    expect(page.sum("mcp_hangar_tasks_total", { mcp_server: "tasking", status: "success" })).toBe(1);
    expect(page.sum("mcp_hangar_build_info")).toBe(1);
  });
});

async function exercise(target: HttpGateway): Promise<void> {
  await using ann = await taskClient(target.mcpUrl("tasking"));
  await ann.result((await ann.begin("work")).taskId);
  const session = await openLegacySession(target.mcpUrl());
  const call = (name: string): Promise<unknown> => session.request("tools/call", { name, arguments: {} });
  for (const server of ["piped", "remote"]) {
    for (const tool of ["ok", "is_error", "rpc_error", "silence", "crash", "typed_by_a_caller"])
      await call(`${server}__${tool}`);
  }
  for (const name of ["careless__no_schema", "idle__ok", "refusing__ok", "absent__ok", "typed_by_a_caller__ok"])
    await call(name);
  await modernRequest(target.mcpUrl("piped"), "tools/call", {
    name: "ok",
    arguments: {},
    _meta: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
  });
  const meta = { cost: 0.25, usage: { input_tokens: 120, output_tokens: 30 } };
  await session.request("tools/call", { name: "remote__usage", arguments: { meta } });
  await poll("the server in the folder to be found", async () => {
    return (await target.metrics()).sum("mcp_hangar_discovery_registrations_total") > 0;
  });
  await poll("health checks and an idle sweep", async () => {
    const metrics = await target.metrics();
    const checked = metrics.sum("mcp_hangar_health_checks_total", { mcp_server: "remote", result: "healthy" }) > 0;
    return checked && metrics.sum("mcp_hangar_gc_servers_collected_total", { reason: "idle" }) > 0;
  });
  const calls = [
    { server: "remote", tool: "echo" },
    { server: "refusing", tool: "ok" },
  ];
  await session.request("tools/call", { name: "hangar_call", arguments: { calls } });
  await session.request("tools/call", { name: "hangar_call", arguments: { calls: [] } });
  await Promise.all(Array.from({ length: 80 }, () => call("piped__ok")));
  await rest(target, "POST", "/api/config/reload");
  await reloadByRest(target, "this is no configuration");
}

function samplesOf(definition: MetricDefinition): MetricsPage["samples"] {
  const names = new Set(sampleNames(definition));
  return page.samples.filter(({ name }) => names.has(name));
}

function sampleNames({ name, type }: MetricDefinition): readonly string[] {
  return type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

async function openMetricsText(target: HttpGateway): Promise<string> {
  const headers = { accept: "application/openmetrics-text; version=1.0.0" };
  const response = await fetch(`${target.url}/metrics`, { headers });
  expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  return response.text();
}
