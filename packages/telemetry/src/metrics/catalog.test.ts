import { describe, expect, test } from "vitest";
import type { MetricDefinition } from "./define.ts";
import { catalog, type MetricName } from "./index.ts";

const definitions: readonly MetricDefinition[] = Object.values(catalog);
const histograms = definitions.filter((definition) => definition.type === "histogram");

/** The public interface: type and labels of each metric, written out a second time so that a rename shows. */
const CONTRACT: Readonly<Record<MetricName, readonly [type: string, ...labels: string[]]>> = {
  mcp_hangar_tool_calls_total: ["counter", "mcp_server", "tool", "status"],
  mcp_hangar_tool_call_duration_seconds: ["histogram", "mcp_server", "tool"],
  mcp_hangar_tool_call_errors_total: ["counter", "mcp_server", "tool", "error_type"],
  mcp_hangar_tool_call_rejections_total: ["counter", "mcp_server", "reason"],
  mcp_hangar_tool_call_tokens_total: ["counter", "mcp_server", "kind"],
  mcp_hangar_tool_call_cost_total: ["counter", "mcp_server", "currency"],
  mcp_hangar_tasks_total: ["counter", "mcp_server", "status"],
  mcp_hangar_task_duration_seconds: ["histogram", "mcp_server", "status"],
  mcp_hangar_tasks_kept: ["gauge"],
  mcp_hangar_requests_total: ["counter", "mcp_server", "method", "status"],
  mcp_hangar_request_duration_seconds: ["histogram", "mcp_server", "method", "status"],
  mcp_hangar_transfer_bytes_total: ["counter", "mcp_server", "direction"],
  mcp_hangar_audit_lag_seconds: ["gauge", "exporter"],
  mcp_hangar_audit_journal_used_ratio: ["gauge"],
  mcp_hangar_audit_chain_problems: ["gauge"],
  mcp_hangar_audit_checkpoint_overdue_seconds: ["gauge"],
  mcp_hangar_audit_clock_step_seconds: ["gauge"],
  mcp_hangar_access_denials_total: ["counter", "interface", "reason"],
  mcp_hangar_operations_total: ["counter", "operation", "result"],
  mcp_hangar_tool_definitions_changed_total: ["counter", "mcp_server", "change"],
  mcp_hangar_tool_definition_bytes: ["gauge", "mcp_server"],
  mcp_hangar_batch_calls_total: ["counter", "result"],
  mcp_hangar_batch_duration_seconds: ["histogram"],
  mcp_hangar_batch_size: ["histogram"],
  mcp_hangar_batch_items_total: ["counter", "status"],
  mcp_hangar_batch_cancellations_total: ["counter", "reason"],
  mcp_hangar_batch_circuit_breaker_rejections_total: ["counter", "mcp_server"],
  mcp_hangar_batch_concurrency: ["gauge"],
  mcp_hangar_health_checks_total: ["counter", "mcp_server", "result"],
  mcp_hangar_health_check_duration_seconds: ["histogram", "mcp_server"],
  mcp_hangar_health_check_consecutive_failures: ["gauge", "mcp_server"],
  mcp_hangar_mcp_server_state: ["gauge", "mcp_server"],
  mcp_hangar_mcp_server_up: ["gauge", "mcp_server"],
  mcp_hangar_mcp_server_info: ["gauge", "mcp_server", "mode", "group"],
  mcp_hangar_mcp_server_starts_total: ["counter", "mcp_server", "result"],
  mcp_hangar_mcp_server_stops_total: ["counter", "mcp_server", "reason"],
  mcp_hangar_mcp_server_sessions: ["gauge", "mcp_server", "use"],
  mcp_hangar_mcp_server_sessions_max: ["gauge", "mcp_server"],
  mcp_hangar_mcp_server_sessions_refused_total: ["counter", "mcp_server"],
  mcp_hangar_mcp_server_initialized: ["gauge", "mcp_server"],
  mcp_hangar_list_item_faults_total: ["counter", "mcp_server", "list", "action"],
  mcp_hangar_mcp_server_cold_start_seconds: ["histogram", "mcp_server"],
  mcp_hangar_mcp_server_cold_start_in_progress: ["gauge", "mcp_server"],
  mcp_hangar_circuit_breaker_state: ["gauge", "mcp_server"],
  mcp_hangar_discovery_mcp_servers: ["gauge", "source"],
  mcp_hangar_discovery_registrations_total: ["counter", "source"],
  mcp_hangar_discovery_deregistrations_total: ["counter", "source"],
  mcp_hangar_discovery_errors_total: ["counter", "source"],
  mcp_hangar_discovery_cycle_duration_seconds: ["histogram", "source"],
  mcp_hangar_discovery_source_healthy: ["gauge", "source"],
  mcp_hangar_http_requests_total: ["counter", "mcp_server", "method", "status"],
  mcp_hangar_http_request_duration_seconds: ["histogram", "mcp_server", "method"],
  mcp_hangar_http_connections: ["gauge", "mcp_server"],
  mcp_hangar_http_through_proxy: ["gauge", "mcp_server"],
  mcp_hangar_messages_total: ["counter", "mcp_server", "direction", "kind"],
  mcp_hangar_rate_limit_hits_total: ["counter", "principal"],
  mcp_hangar_gc_cycles_total: ["counter"],
  mcp_hangar_gc_cycle_duration_seconds: ["histogram"],
  mcp_hangar_gc_servers_collected_total: ["counter", "reason"],
  mcp_hangar_telemetry_events_total: ["counter", "exporter", "signal"],
  mcp_hangar_telemetry_dropped_total: ["counter", "exporter", "signal", "reason"],
  mcp_hangar_telemetry_failures_total: ["counter", "exporter", "signal", "reason"],
  mcp_hangar_telemetry_queue_size: ["gauge", "exporter", "signal"],
  mcp_hangar_telemetry_queue_capacity: ["gauge", "exporter", "signal"],
  mcp_hangar_telemetry_last_success_timestamp_seconds: ["gauge", "exporter", "signal"],
  mcp_hangar_listener_errors_total: ["counter", "listener"],
  mcp_hangar_metric_series_overflows_total: ["counter", "metric"],
  mcp_hangar_buffered_bytes: ["gauge"],
  mcp_hangar_load_shed_total: ["counter", "reason"],
  mcp_hangar_config_reloads_total: ["counter", "result"],
  mcp_hangar_config_last_reload_successful: ["gauge"],
  mcp_hangar_build_info: ["gauge", "version", "node"],
};

/** Thresholds of alerts and SLOs on a histogram. */
const THRESHOLDS: readonly (readonly [MetricName, number])[] = [
  ["mcp_hangar_tool_call_duration_seconds", 3],
  ["mcp_hangar_tool_call_duration_seconds", 5],
  ["mcp_hangar_tool_call_duration_seconds", 30],
  ["mcp_hangar_health_check_duration_seconds", 5],
  ["mcp_hangar_batch_duration_seconds", 30],
  ["mcp_hangar_batch_duration_seconds", 300],
  ["mcp_hangar_batch_size", 50],
  ["mcp_hangar_mcp_server_cold_start_seconds", 60],
  ["mcp_hangar_gc_cycle_duration_seconds", 0.5],
];

describe("the metric catalog", () => {
  test("has the public metrics with their types and labels, and no other", () => {
    const actual = Object.fromEntries(
      definitions.map(({ name, type, labels }) => [name, [type, ...Object.keys(labels)]]),
    );
    expect(actual).toEqual(CONTRACT);
  });

  test("names no metric twice, and none like a part of another", () => {
    const names = definitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const parts = histograms.flatMap(({ name }) => ["_bucket", "_count", "_sum"].map((suffix) => name + suffix));
    expect(names.filter((name) => parts.includes(name))).toEqual([]);
    // OpenMetrics names a counter without its suffix, so a gauge of that name would clash.
    const families = definitions.map(({ name, type }) => (type === "counter" ? name.replace(/_total$/, "") : name));
    expect(new Set(families).size).toBe(families.length);
  });

  test.each(definitions)("$name has a valid name, a suffix that fits its type and a help text", (definition) => {
    expect(definition.name).toMatch(/^mcp_hangar_[a-z][a-z_]*[a-z]$/);
    expect(definition.name.endsWith("_total")).toBe(definition.type === "counter");
    expect(definition.name).not.toMatch(/_(count|sum|bucket|created)$/);
    expect(definition.help).toMatch(/^[A-Z1].+\.$/);
  });

  test.each(definitions)("$name has valid labels, and closed ones have values", ({ labels }) => {
    for (const [name, label] of Object.entries(labels)) {
      expect(name).toMatch(/^[a-z][a-z_]*$/);
      // Reserved by the exposition formats.
      expect(["le", "quantile"]).not.toContain(name);
      if (label.kind === "closed") {
        expect(label.values.length).toBeGreaterThan(0);
        expect(new Set(label.values).size).toBe(label.values.length);
      }
    }
  });

  test.each(definitions)("$name is derived from at least one event or from the snapshot", (definition) => {
    const events = definition.type === "gauge" ? [] : Object.keys(definition.on ?? {});
    const read = definition.type === "histogram" ? undefined : definition.read;
    expect(events.length + (read === undefined ? 0 : 1)).toBeGreaterThan(0);
    expect(events.length > 0 && read !== undefined).toBe(false);
  });

  test.each(histograms)("$name has ascending, positive, finite boundaries", ({ buckets }) => {
    expect(buckets.length).toBeGreaterThan(1);
    expect(buckets.every((boundary) => boundary > 0 && Number.isFinite(boundary))).toBe(true);
    expect([...buckets].sort((a, b) => a - b)).toEqual(buckets);
    expect(new Set(buckets).size).toBe(buckets.length);
  });

  test.each(THRESHOLDS)("%s has the threshold %d as a boundary and another boundary above it", (name, threshold) => {
    const histogram = histograms.find((definition) => definition.name === name);
    expect(histogram?.buckets).toContain(threshold);
    expect(histogram?.buckets.at(-1)).toBeGreaterThan(threshold);
  });

  test("latency reaches below a millisecond", () => {
    expect(catalog.toolCallDuration.buckets[0]).toBeLessThan(0.001);
  });
});
