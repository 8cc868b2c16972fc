import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SOURCE_CONDITION } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type ClientKind, connect, type McpClient } from "../src/harness/mcp-client.ts";
import { type HttpUpstream, startEverythingOverHttp } from "../src/harness/upstreams.ts";
import { fixtureFile } from "../src/harness/workspace.ts";
import { installed, nameOf, programOf } from "../src/published/install.ts";

let upstream: HttpUpstream;
let gateway: HttpGateway;
let urls: readonly [direct: string, ours: string];

beforeAll(async () => {
  upstream = await startEverythingOverHttp();
  gateway = await startGateway({ mcp_servers: { everything: { mode: "remote", endpoint: upstream.url } } });
  urls = [upstream.url, gateway.mcpUrl("everything")];
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

/** The tool that can be called as a task only, which the gateway does not list. */
const TASK_ONLY = "simulate-research-query";
const run = promisify(execFile);

/** Clients that speak both eras speak the newer one with the gateway, which tells in each result how long it may be kept. */
function withoutEra(key: string, value: unknown): unknown {
  return key === "ttlMs" || key === "cacheScope" || key === "resultType" ? undefined : value;
}

/** Libraries, with packages that they need beside them. */
const LIBRARIES = [
  ["@ai-sdk/mcp@2.0.99"],
  ["@langchain/mcp-adapters@1.1.4", "@langchain/core@1.4.0"],
  ["@openai/agents-core@0.20.0"],
  ["@mastra/mcp@2.0.0", "@mastra/core@1.71.0"],
  ["mcp-client@1.13.1"],
] as const;

test.each(LIBRARIES.map(([name, ...more]) => ({ name, more })))(
  "$name is told the same behind the gateway",
  { timeout: 600_000 },
  async ({ name, more }) => {
    const folder = await installed(name, ...more);
    if (folder === undefined) throw new Error(`${name} could not be installed`);
    const [direct, ours] = await Promise.all(
      urls.map(async (url) => {
        const args = [SOURCE_CONDITION, fixtureFile("published-client/main.ts"), folder, nameOf(name), url];
        const { stdout } = await run(process.execPath, args, { timeout: 120_000 });
        return JSON.parse(stdout, withoutEra) as { tools: readonly string[]; call: unknown };
      }),
    );
    expect(direct).toMatchObject({ tools: expect.arrayContaining(["echo"]), call: expect.anything() });
    expect({ ...ours, tools: [] }).toEqual({ ...direct, tools: [] });
    expect(ours?.tools).toEqual(expect.arrayContaining(direct?.tools.filter((tool) => tool !== TASK_ONLY) ?? []));
  },
);

/** Programs that stand between a client over stdio and a server over HTTP. */
const PROXIES = [
  ["mcp-remote@0.15.1", (url: string) => [url, "--allow-http"]],
  ["supergateway@4.0.0", (url: string) => ["--streamableHttp", url]],
] as const;

const SDKS: readonly ClientKind[] = ["sdk v1", "sdk v2 legacy", "sdk v2 auto"];

/** What clients ask for: it is the same with and without a gateway. */
async function abilitiesOf(client: McpClient): Promise<Readonly<Record<string, unknown>>> {
  return {
    tools: (await client.tools()).map(({ name }) => name).filter((name) => name !== TASK_ONLY),
    call: await client.call("echo", { message: "Grüße" }),
    resources: await client.resources(),
    read: await client.read("demo://resource/static/document/features.md"),
    prompt: await client.prompt("args-prompt", { city: "Kyiv" }),
  };
}

/** What clients hear in the course of a call, and how it ends when they give it up. */
async function courseOf(client: McpClient): Promise<Readonly<Record<string, unknown>>> {
  const progress: number[] = [];
  const long = "trigger-long-running-operation";
  const result = await client.call(
    long,
    { duration: 1, steps: 3 },
    { onprogress: (each) => progress.push(each.progress) },
  );
  const abort = new AbortController();
  const left = client.call(
    long,
    { duration: 300, steps: 600 },
    { signal: abort.signal, onprogress: () => abort.abort() },
  );
  const cancelled = await left.then(
    () => "answered",
    () => "cancelled",
  );
  return { result, progress, cancelled };
}

describe.each(PROXIES)("%s", (name, argumentsFor) => {
  test("lets a client do the same behind the gateway", { timeout: 600_000 }, async () => {
    const folder = await installed(name);
    if (folder === undefined) throw new Error(`${name} could not be installed`);
    const seen: Readonly<Record<string, unknown>>[] = [];
    for (const url of urls) {
      const args = [programOf(folder, name), ...argumentsFor(url)];
      await using client = await connect("sdk v1", { command: process.execPath, args, env: { HOME: folder } });
      seen.push(await abilitiesOf(client));
    }
    sameAsDirect(seen);
  });
});

test.each(SDKS)("the official %s does the same behind the gateway", async (kind) => {
  const seen: Readonly<Record<string, unknown>>[] = [];
  for (const url of urls) {
    await using client = await connect(kind, url);
    seen.push({ ...(await abilitiesOf(client)), ...(await courseOf(client)) });
  }
  expect(seen[0]).toMatchObject({ cancelled: "cancelled", progress: [1, 2, 3] });
  sameAsDirect(seen);
});

function sameAsDirect([direct, ours]: readonly Readonly<Record<string, unknown>>[]): void {
  expect(direct).toMatchObject({ call: { content: [{ text: "Echo: Grüße" }] } });
  // Tools for clients who can be asked are listed by the gateway, which says so on behalf of those who are.
  expect(ours?.tools).toEqual(expect.arrayContaining(Array.isArray(direct?.tools) ? direct.tools : []));
  expect({ ...ours, tools: [] }).toEqual({ ...direct, tools: [] });
}
