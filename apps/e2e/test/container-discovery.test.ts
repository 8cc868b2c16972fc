import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { dockerApi, kubernetesApi } from "../src/harness/engine-apis.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../src/harness/wire-client.ts";

/** The "container" listens on loopback, which no source may announce unless it is told so. */
const LOOPBACK = { allow_addresses: ["127.0.0.1"] };

/** Longer than the test: whatever is noticed earlier came of an event. */
const NEVER_BY_ITSELF = { interval_s: 3_600 };

/** A container as the Docker Engine API lists it. */
function container(name: string, port: string, labels: Readonly<Record<string, string>> = {}): object {
  return {
    Id: "4f".repeat(32),
    Names: [`/${name}`],
    Labels: { "mcp.hangar.enable": "true", "mcp.hangar.port": port, ...labels },
    State: "running",
    Status: "Up 5 minutes (healthy)",
    Ports: [{ PrivatePort: 8080, Type: "tcp" }],
    NetworkSettings: { Networks: { bridge: { IPAddress: "127.0.0.1", GlobalIPv6Address: "" } } },
  };
}

function pod(name: string, port: string): object {
  return {
    metadata: { name, namespace: "tools", annotations: { "mcp.hangar.io/enable": "true", "mcp.hangar.io/port": port } },
    spec: { containers: [{ name: "server" }] },
    status: { phase: "Running", podIP: "127.0.0.1", conditions: [{ type: "Ready", status: "True" }] },
  };
}

describe("servers that are found while the gateway runs", () => {
  test("in Docker are called, and gone when their container is", async () => {
    await using folder = await temporaryFolder();
    await using upstream = await startFixture("misbehaving/http.ts");
    await using api = await dockerApi(join(folder.path, "docker.sock"));
    const { port } = new URL(upstream.url);
    api.objects = [container("weather", port)];
    const source = {
      type: "docker",
      host: `unix://${api.address}`,
      mode: "authoritative",
      ttl_s: 0,
      allow_empty: true,
    };
    await using gateway = await startGateway({
      mcp_servers: {},
      discovery: { sources: { local: { ...source, ...LOOPBACK, ...NEVER_BY_ITSELF } } },
    });
    await callUntilFound(gateway, "weather");
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_discovery_mcp_servers", { source: "local" })).toBe(1);
    expect(page.sum("mcp_hangar_discovery_source_healthy", { source: "local" })).toBe(1);
    api.objects = [];
    api.tell({ Type: "container", Action: "die" });
    await poll("the server to leave", async () => (await call(gateway, "weather")) === undefined);
  });

  test("in Docker are refused where the source may not reach them, whatever a label says", async () => {
    await using folder = await temporaryFolder();
    await using upstream = await startFixture("misbehaving/http.ts");
    await using api = await dockerApi(join(folder.path, "docker.sock"));
    api.objects = [container("weather", new URL(upstream.url).port)];
    await using gateway = await startGateway({
      mcp_servers: {},
      discovery: { sources: { local: { type: "docker", host: `unix://${api.address}` } } },
    });
    await poll("the refusal", () => gateway.process.stderr().includes("127.0.0.1 is"));
    expect(await call(gateway, "weather")).toBeUndefined();
  });

  test("in Kubernetes are called as soon as they are annotated", async () => {
    await using folder = await temporaryFolder();
    await using upstream = await startFixture("misbehaving/http.ts");
    await using api = await kubernetesApi();
    const kubeconfig = join(folder.path, "kubeconfig");
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [
          { name: "c", cluster: { server: `http://127.0.0.1:${api.address}`, "insecure-skip-tls-verify": true } },
        ],
        users: [{ name: "u", user: { token: "t" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      }),
    );
    const source = { type: "kubernetes", kubeconfig, namespaces: ["tools"], resources: ["pods"] };
    await using gateway = await startGateway({
      mcp_servers: {},
      discovery: { sources: { cluster: { ...source, ...LOOPBACK, ...NEVER_BY_ITSELF } } },
    });
    await poll(
      "the first cycle",
      async () => (await gateway.metrics()).sum("mcp_hangar_discovery_source_healthy", { source: "cluster" }) === 1,
    );
    const weather = pod("weather", new URL(upstream.url).port);
    api.objects = [weather];
    // The watch may not stand yet, and what is told then is heard by nobody.
    await poll("the server", async () => {
      api.tell({ type: "ADDED", object: weather });
      return (await call(gateway, "weather")) === "ok";
    });
  });

  test("in an engine that does not run are none, and everybody can see why", async () => {
    await using gateway = await startGateway({
      mcp_servers: {},
      discovery: { sources: { local: { type: "docker", host: "unix:///no/such/docker.sock" } } },
    });
    const told = (): boolean =>
      gateway.process
        .stderr()
        .includes("there is no socket at unix:///no/such/docker.sock. Start the engine, or correct host");
    await poll("the reason in the log", told);
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_discovery_source_healthy", { source: "local" })).toBe(0);
    expect(page.sum("mcp_hangar_discovery_errors_total", { source: "local" })).toBeGreaterThanOrEqual(1);
  });
});

async function callUntilFound(gateway: HttpGateway, server: string): Promise<void> {
  await poll(`the server ${server}`, async () => (await call(gateway, server)) === "ok");
}

/** What the server answers; `undefined` when there is no answer. */
async function call(gateway: HttpGateway, server: string): Promise<string | undefined> {
  const { message } = await modernRequest(gateway.mcpUrl(server), "tools/call", { name: "ok", arguments: {} });
  return message.error === undefined ? textOf(message) : undefined;
}
