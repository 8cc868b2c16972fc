/** @module-tag unshare */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { awaitLogEvent, poll, startProcess } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { expect, test } from "vitest";
import { gatewayArguments, writeConfig } from "../src/harness/gateway-process.ts";
import { scrape } from "../src/harness/metrics-page.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const CALLS = 400;

test("a full disk under the spool holds no call, and every record arrives when the collector is back", async () => {
  await using folder = await temporaryFolder();
  const gone = await OtlpReceiver.start();
  const { httpPort, grpcPort } = gone;
  await gone.close();
  const configFile = await writeConfig(folder.path, {
    mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
    observability: { otlp_audit: { spool_folder: join(folder.path, "small/spool"), spool_max_bytes: 1_048_576 } },
  });
  // A disk of its own, which is much smaller than what the spool may take.
  const script = join(folder.path, "start.sh");
  writeFileSync(script, 'mkdir small && mount -t tmpfs -o size=128k tmpfs small && exec "$@"\n');
  const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
  await using child = await startProcess({
    command: "unshare",
    args: ["--mount", "sh", script, process.execPath, ...args],
    cwd: folder.path,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${httpPort}` },
  });
  const { url } = await awaitLogEvent(child, "http_listening");
  const base = String(url).replace(/\/$/, "");
  const metrics = async () => {
    const page = await scrape(`${base}/metrics`);
    const labels = { exporter: "otlp_audit" };
    return {
      delivered: page.sum("mcp_hangar_telemetry_events_total", labels),
      dropped: page.sum("mcp_hangar_telemetry_dropped_total", labels),
      queued: page.sum("mcp_hangar_telemetry_queue_size", labels),
      io: page.sum("mcp_hangar_telemetry_failures_total", { ...labels, reason: "io" }),
    };
  };
  for (let number = 0; number < CALLS; number++) {
    const { message } = await modernRequest(`${base}/servers/own/mcp`, "tools/call", { name: "ok", arguments: {} });
    expect(message.result).toMatchObject({ content: expect.anything() });
  }
  await poll("the disk to be full", async () => (await metrics()).io > 0);
  const full = await metrics();
  expect(full).toMatchObject({ delivered: 0, dropped: 0 });
  expect(full.queued).toBeGreaterThan(CALLS);

  const collector = await OtlpReceiver.start({ httpPort, grpcPort });
  await poll("every record to arrive", async () => (await metrics()).queued === 0);
  const { delivered, dropped } = await metrics();
  expect({ delivered, dropped }).toEqual({ delivered: full.queued, dropped: 0 });
  const calls = collector.logRecords.filter(({ attributes }) => attributes["mcp.tool.name"] === "ok");
  expect(calls).toHaveLength(CALLS);
  expect(new Set(collector.logRecords.map(({ attributes }) => attributes["mcp.audit.event_id"])).size).toBe(delivered);
  child.kill("SIGTERM");
  expect(await child.exited).toEqual({ code: 0, signal: null });
  await collector.close();
});
