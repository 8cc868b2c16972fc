import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killProcesses, startHangar } from "@mcp-hangar/testing";
import { afterAll, afterEach, expect, it } from "vitest";

const LOADED_PACKAGES = new URL("loaded-packages.ts", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "hangar-start-"));

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function packagesLoadedBy(sections: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const file = join(folder, "config.yaml");
  writeFileSync(file, JSON.stringify({ mcp_servers: { cat: { mode: "subprocess", command: "cat" } }, ...sections }));
  const args = ["serve", "--http", "--port", "0", "--config", file];
  const hangar = await startHangar(args, { NODE_OPTIONS: `--import=${LOADED_PACKAGES}` });
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
  // The clients that `import "node:http"` loads along.
  "NativeModule internal/deps/undici/undici",
];

it("loads nothing heavy for servers over stdio alone", async () => {
  const loaded = await packagesLoadedBy({});
  expect(loaded).toEqual(expect.arrayContaining(["zod", "@mcp-hangar/core", "NativeModule http"]));
  expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
});

it("loads the verification of tokens with an issuer, before the first token comes", async () => {
  const jwt = { issuer: "https://login.example.com", audience: ["https://hangar.example.com/mcp"] };
  expect(await packagesLoadedBy({ auth: { jwt } })).toContain("jose");
});

it("loads the exporter to Langfuse where it is on", async () => {
  const langfuse = { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", host: "http://127.0.0.1:9" };
  expect(await packagesLoadedBy({ observability: { langfuse } })).toContain("@mcp-hangar/langfuse");
});
