import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { awaitLogEvent, killProcesses, parseLogEvents, startProcess } from "@mcp-hangar/testing";
import { afterAll, afterEach, expect, it } from "vitest";

const APP = fileURLToPath(new URL("..", import.meta.url));
const LOADED_PACKAGES = new URL("loaded-packages.ts", import.meta.url).href;
/** Made by the setup of the tests; gateways that run from sources are no package. */
const { HANGAR_BUNDLE: BUNDLE } = process.env;
const folder = mkdtempSync(join(tmpdir(), "hangar-package-"));

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lays the package out as npm does: the bundle, the manifest, and what the manifest depends on, and nothing of the workspace. */
function install(bundle: string): string {
  const place = join(folder, "node_modules/mcp-hangar");
  mkdirSync(place, { recursive: true });
  cpSync(dirname(bundle), join(place, "dist"), { recursive: true });
  cpSync(join(APP, "package.json"), join(place, "package.json"));
  const { dependencies } = JSON.parse(readFileSync(join(APP, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(APP, "node_modules", name)), link);
  }
  return join(place, "dist/main.js");
}

it.skipIf(BUNDLE === undefined)(
  "runs outside of the workspace, with all that is loaded when it is needed",
  async () => {
    const main = install(String(BUNDLE));
    const config = join(folder, "config.yaml");
    const sections = {
      mcp_servers: {
        cat: { mode: "subprocess", command: "cat" },
        web: { mode: "remote", endpoint: "http://127.0.0.1:9/mcp" },
      },
      auth: {
        jwt: { issuer: "https://login.example.com", audience: ["https://hangar.example.com/mcp"], default_roles: [] },
      },
      discovery: { sources: { local: { type: "docker", host: "unix:///no/such/docker.sock" } } },
      history: { file: join(folder, "history.db") },
      compliance: { journal: { folder: join(folder, "journal") } },
      observability: {
        tracing: { endpoint: "http://127.0.0.1:9", protocol: "grpc" },
        langfuse: { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", host: "http://127.0.0.1:9" },
      },
    };
    writeFileSync(config, JSON.stringify({ logging: { level: "info", json_format: true }, ...sections }));
    const gateway = await startProcess({
      command: process.execPath,
      args: [main, "serve", "--http", "--port", "0", "--config", config],
      env: {
        NODE_OPTIONS: `--import=${LOADED_PACKAGES}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      },
      cwd: folder,
    });
    const { url } = await awaitLogEvent(gateway, "http_listening");
    expect((await fetch(`${String(url)}/health/live`)).status).toBe(200);
    // Its thread has opened it.
    expect(existsSync(join(folder, "history.db"))).toBe(true);
    gateway.kill("SIGTERM");
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    expect(JSON.parse(gateway.stdout())).toEqual(
      expect.arrayContaining([
        "@grpc/grpc-js",
        "dockerode",
        "jose",
        "@mcp-hangar/compliance",
        "@mcp-hangar/langfuse",
        "@mcp-hangar/otlp-audit",
        "@mcp-hangar/tracing",
        "@opentelemetry/otlp-transformer",
      ]),
    );
    const errors = parseLogEvents(gateway.stderr()).filter(({ level }) => level === "error");
    expect(errors).toEqual([]);
  },
);
