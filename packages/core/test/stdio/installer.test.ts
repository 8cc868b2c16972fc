import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import {
  circuitBreakerOptions,
  diagnosisOf,
  executionOptions,
  Gateway,
  nodePlatform,
  subprocessOptions,
} from "../../src/index.ts";
import { fixture } from "./harness.ts";

let folder = "";

/** An installer as npx is one: fetches for a while, tidies up when it is asked to end, and runs the server on its own pipes. */
const INSTALLER = `#!${process.execPath}
const { spawn } = require("node:child_process");
const { writeFileSync } = require("node:fs");
const [fetchMs, tidyMs, marker, ...server] = process.argv.slice(2);
process.on("SIGTERM", () => setTimeout(() => { writeFileSync(marker, "tidied up"); process.exit(143); }, Number(tidyMs)));
console.error("fetching");
// A script of a package: it is not handed the pipes of the server.
spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: ["ignore", "ignore", "ignore"] }).unref();
setTimeout(() => {
  const child = spawn(server[0], server.slice(1), { stdio: "inherit" });
  child.on("exit", (code) => process.exit(code ?? 1));
}, Number(fetchMs));
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hangar-installer-"));
  await writeFile(join(folder, "npx"), INSTALLER);
  await chmod(join(folder, "npx"), 0o755);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Installing {
  readonly fetchMs: number;
  readonly tidyMs?: number;
  readonly server?: readonly string[];
  readonly limits: { readonly fetch_timeout_s: number; readonly start_timeout_s: number };
}

function gatewayWith(command: readonly string[], options: object): Gateway {
  const server = subprocessOptions.parse({ mode: "subprocess", command, call_timeout_s: 60, ...options });
  const bus = new TelemetryBus();
  const info = { name: "hangar-test", version: "1" };
  const limits = { execution: executionOptions.parse({}), circuitBreaker: circuitBreakerOptions.parse({}) };
  const gateway = new Gateway({ servers: { fetched: server }, ...limits, bus, platform: nodePlatform, info });
  onTestFinished(() => gateway.close());
  return gateway;
}

function installing({ fetchMs, tidyMs = 0, server, limits }: Installing): { gateway: Gateway; marker: string } {
  const marker = join(folder, `marker-${fetchMs}-${tidyMs}`);
  const program = server ?? [process.execPath, fixture("legacy-server.mjs")];
  const command = [join(folder, "npx"), String(fetchMs), String(tidyMs), marker, ...program];
  return { gateway: gatewayWith(command, limits), marker };
}

/** Starts the server; resolves to "ready", or to why it could not be started. */
async function start(gateway: Gateway): Promise<string> {
  const outcome = await gateway.fleet.get("fetched")?.ensureReady(AbortSignal.timeout(60_000));
  if (outcome === undefined) throw new Error("there is no such server");
  return "kind" in outcome ? diagnosisOf(outcome) : "ready";
}

const HANGS = [process.execPath, "-e", "setInterval(() => {}, 1000)"];

it("has the time of its fetch, and the server the time of its start after that", async () => {
  const { gateway } = installing({ fetchMs: 3_500, limits: { fetch_timeout_s: 60, start_timeout_s: 3 } });
  const started = start(gateway);
  const server = gateway.fleet.get("fetched");
  await poll("the fetch", () => server?.startProgress?.phase === "fetching");
  expect(server?.startProgress?.limitSeconds).toBe(60);
  expect(await started).toBe("ready");
  expect(server?.startProgress).toBeUndefined();
});

it("is given up after fetch_timeout_s, and has the time to leave nothing half done", async () => {
  const { gateway, marker } = installing({
    fetchMs: 60_000,
    tidyMs: 3_000,
    limits: { fetch_timeout_s: 1, start_timeout_s: 60 },
  });
  expect(await start(gateway)).toMatch(/was not fetched within 1 s.*raise fetch_timeout_s[\s\S]*fetching/);
  expect(await readFile(marker, "utf8")).toBe("tidied up");
});

it.runIf(process.platform === "linux")("is told from a server that it has started, and that hangs", async () => {
  const { gateway } = installing({
    fetchMs: 10,
    server: HANGS,
    limits: { fetch_timeout_s: 3_600, start_timeout_s: 1 },
  });
  expect(await start(gateway)).toContain("was not ready after 1 s");
});

it("is npx itself, with a package of this machine", async () => {
  const name = "hangar-fetched-server";
  const place = join(folder, name);
  await mkdir(place);
  const manifest = { name, version: "1.0.0", type: "module", bin: { [name]: "server.mjs" } };
  await writeFile(join(place, "package.json"), JSON.stringify(manifest));
  const program = `#!${process.execPath}\nawait import(${JSON.stringify(fixture("legacy-server.mjs"))});\n`;
  await writeFile(join(place, "server.mjs"), program);
  await chmod(join(place, "server.mjs"), 0o755);
  const env = { npm_config_cache: join(folder, "cache"), npm_config_offline: "true" };
  const gateway = gatewayWith(["npx", "-y", place], { env, start_timeout_s: 30 });
  const started = start(gateway);
  const server = gateway.fleet.get("fetched");
  await poll("the fetch", () => server?.startProgress?.phase === "fetching");
  expect(await started).toBe("ready");
});
