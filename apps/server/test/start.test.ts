import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killProcesses, startHangar } from "@mcp-hangar/testing";
import { afterAll, afterEach, expect, it } from "vitest";

const LOADED_PACKAGES = new URL("loaded-packages.ts", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "hangar-start-"));

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function packagesLoadedBy(
  sections: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const file = join(folder, "config.yaml");
  writeFileSync(file, JSON.stringify({ mcp_servers: { cat: { mode: "subprocess", command: "cat" } }, ...sections }));
  const args = ["serve", "--http", "--port", "0", "--config", file];
  const hangar = await startHangar(args, { ...env, NODE_OPTIONS: `--import=${LOADED_PACKAGES}` });
  await hangar.event("http_listening");
  hangar.kill("SIGTERM");
  expect(await hangar.exited).toEqual({ code: 0, signal: null });
  return JSON.parse(hangar.stdout()) as readonly string[];
}

/** What takes long to load, or much memory, and is of use with some configurations only. */
const HEAVY = [
  "undici",
  "jose",
  "dockerode",
  "@kubernetes/client-node",
  "node:sqlite",
  "@mcp-hangar/langfuse",
  "@mcp-hangar/otlp-audit",
  "@mcp-hangar/compliance",
  // The clients that `import "node:http"` loads along.
  "NativeModule internal/deps/undici/undici",
  "@opentelemetry/otlp-transformer",
  "@grpc/grpc-js",
];

it("loads nothing heavy for servers over stdio alone", async () => {
  const loaded = await packagesLoadedBy({});
  expect(loaded).toEqual(expect.arrayContaining(["zod", "@mcp-hangar/core", "NativeModule http"]));
  expect(loaded.filter((name) => HEAVY.includes(name) || name.startsWith("@opentelemetry/sdk-"))).toEqual([]);
});

it("makes no code at run time, as for each schema that is parsed with once", async () => {
  const made = new URL("made-functions.ts", import.meta.url).href;
  const hangar = await startHangar(["serve", "--http", "--port", "0"], { NODE_OPTIONS: `--import=${made}` }, folder);
  await hangar.event("http_listening");
  hangar.kill("SIGTERM");
  expect(await hangar.exited).toEqual({ code: 0, signal: null });
  expect(hangar.stdout()).toBe("0 functions");
});

it.each([
  ["without an endpoint, even if it is asked for", { MCP_TRACING_ENABLED: "true" }],
  ["when tracing is switched off", { MCP_TRACING_ENABLED: "false", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" }],
  ["when the SDK is switched off", { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" }],
])("loads nothing of OpenTelemetry's SDK %s", async (_when, env) => {
  const loaded = await packagesLoadedBy({}, { ...env, OTEL_LOGS_EXPORTER: "none" });
  expect(loaded.filter((name) => name.startsWith("@opentelemetry/sdk-") || name === "@grpc/grpc-js")).toEqual([]);
});

it("loads what makes spans before anything is served, and gRPC only when it is spoken", async () => {
  const overHttp = await packagesLoadedBy({ observability: { tracing: { endpoint: "http://127.0.0.1:4318" } } });
  expect(overHttp).toContain("@opentelemetry/sdk-trace");
  expect(overHttp).not.toContain("@grpc/grpc-js");
  const overGrpc = await packagesLoadedBy({ observability: { tracing: { endpoint: "http://127.0.0.1:4317" } } });
  expect(overGrpc).toContain("@grpc/grpc-js");
});

it("loads the verification of tokens with an issuer, before the first token comes", async () => {
  const jwt = { issuer: "https://login.example.com", audience: ["https://hangar.example.com/mcp"] };
  expect(await packagesLoadedBy({ auth: { jwt } })).toContain("jose");
});

it.each([
  ["http/protobuf", false],
  ["grpc", true],
])("loads OpenTelemetry for audit records over %s, and gRPC only where it is used", async (protocol, isGrpc) => {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
  const loaded = await packagesLoadedBy({}, otlp);
  expect(loaded).toContain("@opentelemetry/otlp-transformer");
  expect(loaded.includes("@grpc/grpc-js")).toBe(isGrpc);
});

it("loads the audit trail where there is a journal or a sink", async () => {
  const loaded = await packagesLoadedBy({}, { MCP_COMPLIANCE_OUTPUT: join(folder, "records") });
  expect(loaded).toContain("@mcp-hangar/compliance");
  expect(loaded).not.toContain("@smithy/signature-v4");
});

it("loads the exporter to Langfuse where it is on", async () => {
  const langfuse = { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", host: "http://127.0.0.1:9" };
  expect(await packagesLoadedBy({ observability: { langfuse } })).toContain("@mcp-hangar/langfuse");
});
