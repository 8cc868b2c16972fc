import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll, runProcess } from "@mcp-hangar/testing";
import { OtlpReceiver, type ReceivedLogRecord } from "@mcp-hangar/testing/otlp";
import { describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const mcp_servers = { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) };
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

function call(gateway: HttpGateway, tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
  const _meta = { traceparent, user_id: "ada" };
  return modernRequest(gateway.mcpUrl("own"), "tools/call", { name: tool, arguments: args, _meta });
}

function exporterMetrics(page: { sum(name: string, labels: Readonly<Record<string, string>>): number }) {
  const labels = { exporter: "otlp_audit", signal: "audit" };
  const sum = (name: string): number => page.sum(`mcp_hangar_telemetry_${name}`, labels);
  return { delivered: sum("events_total"), dropped: sum("dropped_total"), queued: sum("queue_size") };
}

/** Waits until everything that has happened in a gateway has arrived. */
async function settled(gateway: HttpGateway): Promise<void> {
  await poll("the records to arrive", async () => {
    const { delivered, queued } = exporterMetrics(await gateway.metrics());
    return delivered > 0 && queued === 0;
  });
}

const callsOf = (records: readonly ReceivedLogRecord[], tool: string): readonly ReceivedLogRecord[] =>
  records.filter(({ attributes }) => attributes["mcp.tool.name"] === tool);

describe.concurrent("the audit records of a gateway", () => {
  test.each(["HTTP", "gRPC"])("arrive over %s, and hold no arguments and no credentials", async (protocol) => {
    const collector = await OtlpReceiver.start();
    const endpoint = protocol === "HTTP" ? collector.httpUrl : collector.grpcUrl;
    {
      await using gateway = await startGateway(
        { mcp_servers },
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol === "HTTP" ? "http/protobuf" : "grpc",
          OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=canary-of-the-header",
          OTEL_SERVICE_NAME: "gateway-of-the-test",
        },
      );
      await call(gateway, "ok", { secret: "canary-of-the-arguments" });
      await call(gateway, "is_error");
      await call(gateway, "no_such_tool");
      await gateway.stop();
      expect(gateway.process.stderr()).not.toContain("canary");
    }
    const records = collector.logRecords;
    expect(collector.refusals).toEqual([]);
    expect(records[0]?.resource).toMatchObject({ "service.name": "gateway-of-the-test" });
    expect(Object.keys(records[0]?.resource ?? {}).sort()).toEqual([
      "service.instance.id",
      "service.name",
      "service.version",
    ]);
    expect(callsOf(records, "ok")).toMatchObject([
      {
        eventName: "mcp_hangar.tool.call.completed",
        severityText: "INFO",
        traceId: TRACE_ID,
        attributes: {
          "mcp.server.id": "own",
          "mcp.tool.status": "success",
          "mcp.tool.duration_ms": expect.any(Number),
          "mcp.caller.type": "anonymous",
          "mcp.user.id": "ada",
        },
      },
    ]);
    expect(callsOf(records, "is_error")).toMatchObject([
      { severityText: "ERROR", attributes: { "mcp.tool.status": "error", "error.type": "tool_error" } },
    ]);
    expect(callsOf(records, "no_such_tool")).toMatchObject([
      { severityText: "WARN", attributes: { "error.type": "unknown_tool" } },
    ]);
    const states = records.filter(({ eventName }) => eventName === "mcp_hangar.server.state_changed");
    expect(
      states.map(({ attributes }) => [attributes["mcp.server.previous_state"], attributes["mcp.server.state"]]),
    ).toEqual(
      expect.arrayContaining([
        ["cold", "initializing"],
        ["initializing", "ready"],
      ]),
    );
    const names = records.map(({ eventName }) => eventName);
    expect(names).toEqual(expect.arrayContaining(["mcp_hangar.server.registered", "mcp_hangar.gateway.started"]));
    expect(names.at(-1)).toBe("mcp_hangar.gateway.stopped");
    const ids = records.map(({ attributes }) => attributes["mcp.audit.event_id"]);
    expect(new Set(ids).size).toBe(records.length);
    expect(collector.exports[0]?.headers["x-api-key"]).toBe("canary-of-the-header");
    const all = JSON.stringify(records, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
    expect(all).not.toContain("canary");
    await collector.close();
  });

  test("wait on the disk while the collector is away, and arrive after the gateway was killed and started anew", async () => {
    await using folder = await temporaryFolder();
    const { httpPort, grpcPort } = await portsOfNobody();
    const spool = join(folder.path, "spool");
    const config = { mcp_servers, observability: { otlp_audit: { spool_folder: spool } } };
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${httpPort}` };
    let waiting: number;
    {
      await using gateway = await startGateway(config, env);
      for (let number = 1; number <= 20; number++) await call(gateway, "ok");
      await poll("the failure to be told of", () => gateway.events("otlp_audit_failing").length > 0);
      const { delivered, dropped, queued } = exporterMetrics(await gateway.metrics());
      expect({ delivered, dropped }).toEqual({ delivered: 0, dropped: 0 });
      // Starts, states and calls.
      expect(queued).toBeGreaterThan(20);
      const ready = await fetch(`${gateway.url}/health/ready`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({
        status: "degraded",
        checks: expect.arrayContaining([expect.objectContaining({ name: "otlp_audit", status: "degraded" })]),
      });
      await poll("the last record to be on the disk", async () => (await recordsIn(spool)) === queued);
      waiting = queued;
      gateway.process.kill("SIGKILL");
      await gateway.process.exited;
    }
    const collector = await OtlpReceiver.start({ httpPort, grpcPort });
    await using gateway = await startGateway(config, env);
    await settled(gateway);
    expect(callsOf(collector.logRecords, "ok")).toHaveLength(20);
    const { delivered, dropped } = exporterMetrics(await gateway.metrics());
    const instances = collector.logRecords.map(({ attributes }) => attributes["mcp.audit.instance"]);
    const [first] = instances;
    expect(instances.filter((instance) => instance === first)).toHaveLength(waiting);
    expect(new Set(instances).size).toBe(2);
    expect({ delivered, dropped }).toEqual({ delivered: collector.logRecords.length, dropped: 0 });
    expect(new Set(collector.logRecords.map(({ attributes }) => attributes["mcp.audit.event_id"])).size).toBe(
      delivered,
    );
    await gateway.stop();
    await collector.close();
  });

  test("that cannot be kept or sent as configured end the start with a reason", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "");
    const configFile = await writeConfig(folder.path, {
      mcp_servers: {},
      observability: { otlp_audit: { endpoint: "http://127.0.0.1:1", spool_folder: join(file, "spool") } },
    });
    const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
    const { code, stderr } = await runProcess({ command: process.execPath, args });
    expect(code).toBe(1);
    expect(stderr).toContain(`the spool of audit records: ${file}/spool cannot be used`);

    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "nonsense://x" };
    const wrong = await runProcess({ command: process.execPath, args, env });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("OTEL_EXPORTER_OTLP_ENDPOINT is no URL of http or https");
  });
});

test("a second gateway with the same spool does not start and says what to do, and the first goes on", async () => {
  await using folder = await temporaryFolder();
  const collector = await OtlpReceiver.start();
  const spool = join(folder.path, "spool");
  const config = {
    mcp_servers,
    observability: { otlp_audit: { endpoint: collector.httpUrl, spool_folder: spool } },
  };
  await using first = await startGateway(config);
  const configFile = await writeConfig(folder.path, config);
  const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
  const { code, stderr } = await runProcess({ command: process.execPath, args });
  expect(code).toBe(1);
  expect(stderr).toContain(
    `the spool of audit records: ${spool} belongs to process ${first.process.pid}; give each process a folder of its own`,
  );
  await call(first, "ok");
  await settled(first);
  expect(callsOf(collector.logRecords, "ok")).toHaveLength(1);
  await first.stop();
  await collector.close();
});

/** Records in the files of a spool. */
async function recordsIn(spool: string): Promise<number> {
  const names = (await readdir(spool)).filter((name) => name.endsWith(".segment"));
  const texts = await Promise.all(names.map((name) => readFile(join(spool, name), "latin1")));
  return texts.join("").split('{"kind":"record"').length - 1;
}

/** Ports that were free a moment ago. */
async function portsOfNobody(): Promise<{ readonly httpPort: number; readonly grpcPort: number }> {
  const receiver = await OtlpReceiver.start();
  const { httpPort, grpcPort } = receiver;
  await receiver.close();
  return { httpPort, grpcPort };
}
