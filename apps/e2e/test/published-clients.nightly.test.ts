import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { SOURCE_CONDITION } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { inspect } from "../src/harness/inspector.ts";
import { type Address, type ClientKind, connect } from "../src/harness/mcp-client.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";
import { fixtureFile, packageFile } from "../src/harness/workspace.ts";
import {
  ABILITIES,
  type Ability,
  type Driver,
  type Outcomes,
  outcomesOf,
  PROMPT,
  RESOURCE,
} from "../src/published/abilities.ts";
import { clientsPage, type MeasuredClient } from "../src/published/clients-page.ts";
import { installed, nameOf, programOf } from "../src/published/install.ts";

let upstream: HttpUpstream;
let gateway: HttpGateway;
const measured = new Map<string, MeasuredClient>();

beforeAll(async () => {
  upstream = await startFixture("able/main.ts");
  gateway = await startGateway({
    mcp_servers: { able: { mode: "remote", endpoint: upstream.url } },
    mcp: { http_sse: true },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const run = promisify(execFile);

/** Clients that speak both eras speak the newer one with the gateway, which tells in each result how long it may be kept. */
function withoutEra(key: string, value: unknown): unknown {
  return key === "ttlMs" || key === "cacheScope" || key === "resultType" ? undefined : value;
}

/** Tries a client both ways. What works without the gateway must be the same behind it; what else there is goes to the page. */
async function compare(name: string, abilitiesAt: (url: string) => Promise<Outcomes>): Promise<void> {
  const [direct, ours] = await Promise.all([upstream.url, gateway.mcpUrl("able")].map(abilitiesAt));
  if (direct === undefined || ours === undefined) throw new Error("both were tried");
  const without = ABILITIES.filter((ability) => "told" in direct[ability]);
  const of = (outcomes: Outcomes): unknown =>
    JSON.parse(JSON.stringify(without.map((ability) => [ability, outcomes[ability]])), withoutEra);
  expect(of(ours)).toEqual(of(direct));
  // A client that is used in a wrong way fails everywhere, and shows nothing.
  expect(without).toEqual(expect.arrayContaining(["list", "call"] satisfies Ability[]));
  for (const [ability, found] of Object.entries(direct)) {
    if ("failed" in found) expect([ability, found.failed]).toEqual(["cancel", "the server was not told"]);
  }
  measured.set(name, { name, direct, ours });
}

/** The official clients, and the packages that they are. */
const SDKS: Readonly<Record<ClientKind, string>> = {
  "sdk v1": "@modelcontextprotocol/sdk",
  "sdk v2 legacy": "@modelcontextprotocol/client",
  "sdk v2 auto": "@modelcontextprotocol/client",
};
/** What one kind of client is on the page. */
const ROLE: Readonly<Record<ClientKind, string>> = {
  "sdk v1": "",
  "sdk v2 legacy": " (legacy)",
  "sdk v2 auto": " (auto)",
};
const INSPECTOR = "@modelcontextprotocol/inspector";

/** Libraries, with packages that they need beside them. */
const LIBRARIES = [
  ["@ai-sdk/mcp@2.0.99"],
  ["@langchain/mcp-adapters@1.1.4", "@langchain/core@1.4.0"],
  ["@openai/agents-core@0.20.0"],
  ["@mastra/mcp@2.0.0", "@mastra/core@1.71.0"],
  ["mcp-client@1.13.1"],
  ["mcporter@0.12.3"],
] as const;

/** Programs that stand between a client over stdio and a server over HTTP, or HTTP+SSE. */
const PROXIES = [
  {
    name: "mcp-remote@0.15.1",
    http: (url: string) => [url, "--allow-http", "--transport", "http-only"],
    sse: (url: string) => [url, "--allow-http", "--transport", "sse-only"],
  },
  {
    name: "supergateway@4.0.0",
    http: (url: string) => ["--streamableHttp", url],
    sse: (url: string) => ["--sse", url],
  },
] as const;
const OLD = "over HTTP+SSE";

describe.each(Object.entries(SDKS))("the official %s", (kind, name) => {
  test("does the same behind the gateway", async () => {
    const title = `${name}@${versionOf(name)}${ROLE[kind as ClientKind]}`;
    // The keys of the table are kinds of clients.
    await compare(title, (url) => officialAt(kind as ClientKind, url));
  });
});

describe("the official Inspector", () => {
  test("does the same behind the gateway", async () => {
    await compare(`${INSPECTOR}@${versionOf(INSPECTOR)} --cli`, (url) => outcomesOf(inspectorAt(url)));
  });
});

test.each(LIBRARIES.map(([name, ...more]) => ({ name, more })))(
  "$name does the same behind the gateway",
  { timeout: 600_000 },
  async ({ name, more }) => {
    const folder = await installed(name, ...more);
    if (folder === undefined) throw new Error(`${name} could not be installed`);
    await compare(name, async (url) => {
      const args = [SOURCE_CONDITION, fixtureFile("published-client/main.ts"), folder, nameOf(name), url];
      const { stdout } = await run(process.execPath, args, { timeout: 240_000 });
      // The fixture writes this, in its last line.
      return JSON.parse(stdout.split("\n").at(-1) ?? "") as Outcomes;
    });
  },
);

describe.each(PROXIES)("$name", ({ name, http, sse }) => {
  test.each(["", OLD])("lets a client do the same behind the gateway %s", { timeout: 600_000 }, async (how) => {
    const folder = await installed(name);
    if (folder === undefined) throw new Error(`${name} could not be installed`);
    await compare(`${name} ${how}`.trim(), (url) => {
      const behind = how === OLD && url !== upstream.url;
      const own = behind ? sse(url.replace(/mcp$/, "sse")) : http(url);
      return officialAt("sdk v1", {
        command: process.execPath,
        args: [programOf(folder, name), ...own],
        env: { HOME: folder },
      });
    });
  });
});

test("the page says so", async () => {
  // Where something could not be installed, or only one is tried, the page stays as it is.
  if (measured.size === LIBRARIES.length + 2 * PROXIES.length + Object.keys(SDKS).length + 1)
    await expect(clientsPage([...measured.values()])).toMatchFileSnapshot(
      "../../../docs/reference/published-clients.md",
    );
});

async function officialAt(kind: ClientKind, address: Address): Promise<Outcomes> {
  const client = await connect(kind, address);
  return outcomesOf({
    tools: async () => (await client.tools()).map((tool) => tool.name),
    call: (tool, text, signal) => client.call(tool, { text }, signal && { signal }),
    cancel: true,
    async progress() {
      const heard: number[] = [];
      await client.call("count", { text: "progress" }, { onprogress: ({ progress }) => heard.push(progress) });
      return heard;
    },
    read: () => client.read(RESOURCE),
    prompt: () => client.prompt(PROMPT.name, PROMPT.arguments),
    close: async () => client[Symbol.asyncDispose](),
  });
}

/** Each command is a client of its own. */
function inspectorAt(url: string): Driver {
  return {
    async tools() {
      // What it prints is the result of the method.
      const { tools } = (await inspect(url, "tools/list")) as { readonly tools: readonly { readonly name: string }[] };
      return tools.map((tool) => tool.name);
    },
    call: (tool, text) => inspect(url, "tools/call", "--tool-name", tool, "--tool-arg", `text=${text}`),
    cancel: "a command ends with its answer",
    progress: "it prints results only",
    read: () => inspect(url, "resources/read", "--uri", RESOURCE),
    prompt: () => inspect(url, "prompts/get", "--prompt-name", PROMPT.name, "--prompt-args", "name=Kyiv"),
    close: async () => {},
  };
}

function versionOf(name: string): string {
  const manifest = JSON.parse(readFileSync(packageFile(`${name}/package.json`), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}
