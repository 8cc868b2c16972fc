import type { Command } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { connect, type McpClient } from "../src/harness/mcp-client.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { installed, programOf } from "../src/published/install.ts";
import { PUBLISHED_SERVERS, type PublishedServer } from "../src/published/servers.ts";
import { type Measured, serversPage } from "../src/published/servers-page.ts";

/** A server that could be installed, and its places: one run without a gateway, one in front of it. */
interface Placed {
  readonly server: PublishedServer;
  readonly id: string;
  readonly direct: Command;
  readonly folder: string;
}

const cleanup = new AsyncDisposableStack();
const placed: Placed[] = [];
const missing: string[] = [];
const measured: Measured[] = [];
let gateway: HttpGateway;

beforeAll(async () => {
  const folders = await Promise.all(PUBLISHED_SERVERS.map((server) => installed(server.package)));
  for (const [index, server] of PUBLISHED_SERVERS.entries()) {
    const home = folders[index];
    if (home === undefined) {
      missing.push(server.package);
      continue;
    }
    const folder = cleanup.use(await temporaryFolder()).path;
    const args = [programOf(home, server.package), ...(server.args?.(folder) ?? [])];
    const direct = { command: process.execPath, args, env: { HOME: folder, ...server.env?.(folder) } };
    placed.push({ server, id: `s${index}`, direct, folder });
  }
  const servers = placed.map(({ id, direct }) => [id, { mode: "subprocess", ...direct }] as const);
  gateway = cleanup.use(await startGateway({ mcp_servers: Object.fromEntries(servers) }));
}, 600_000);

afterAll(() => cleanup.disposeAsync());

/** A listed tool, prompt, resource or template. */
type Listed = Awaited<ReturnType<McpClient["tools"]>>[number];

/** Lists as a client sees them; a server without such a list has none. */
async function listsOf(
  client: McpClient,
): Promise<Record<"tools" | "prompts" | "resources" | "templates", readonly Listed[]>> {
  const none = (): readonly Listed[] => [];
  return {
    tools: await client.tools(),
    prompts: await client.prompts().catch(none),
    resources: await client.resources().catch(none),
    templates: await client.templates().catch(none),
  };
}

/** Makes the calls of a server in an order, and gives what came: results, or what was thrown. */
async function callsOf(client: McpClient, { server, folder }: Placed, prefix: string): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const [tool, args] of server.calls(folder)) {
    answers.push(
      await client.call(prefix + tool, args).catch((error: { code?: unknown; message: string }) => ({
        code: error.code,
        message: error.message,
      })),
    );
  }
  return answers;
}

/** What differs from one run to the next whoever asks: times, durations and random ids. */
function steady(answers: readonly unknown[]): unknown {
  const text = JSON.stringify(answers)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID");
  return JSON.parse(text) as unknown;
}

test("at least twelve published servers could be installed", () => {
  expect(placed.length, `missing: ${missing.join(", ")}`).toBeGreaterThanOrEqual(12);
});

describe.each(PUBLISHED_SERVERS.map((server) => [server.package, server] as const))("%s", (name, server) => {
  test("has the same lists and answers behind the gateway", async ({ skip }) => {
    const place = placed.find((each) => each.server === server);
    if (place === undefined) return skip(`${name} could not be installed`);
    // One after the other, so that what a server leaves in its folder is met by the next as by the first.
    // What the gateway declares upstream on behalf of its clients: some servers have more tools for such a client.
    await using direct = await connect("sdk v1", place.direct, { sampling: {}, elicitation: { form: {}, url: {} } });
    const lists = await listsOf(direct);
    const answers = steady(await callsOf(direct, place, ""));
    await using own = await connect("sdk v1", gateway.mcpUrl(place.id));
    const ownLists = await listsOf(own);
    expect(ownLists.tools.map(({ name: tool }) => tool)).toEqual(lists.tools.map(({ name: tool }) => tool));
    expect(JSON.stringify(ownLists.tools)).toBe(JSON.stringify(lists.tools));
    expect({ ...ownLists, tools: [] }).toEqual({ ...lists, tools: [] });
    expect(steady(await callsOf(own, place, ""))).toEqual(answers);
    await using all = await connect("sdk v1", gateway.mcpUrl());
    const prefix = `${place.id}__`;
    const mine = (await all.tools()).filter((tool) => tool.name.startsWith(prefix));
    expect(mine.map(({ name: tool }) => tool)).toEqual(lists.tools.map(({ name: tool }) => prefix + tool));
    // Links in `_meta` are those that can be read there.
    const plain = ({ name: _name, _meta, ...tool }: Record<string, unknown>) => JSON.stringify(tool);
    expect(mine.map(plain)).toEqual(lists.tools.map(plain));
    expect(await callsOf(all, place, prefix)).toHaveLength(server.calls(place.folder).length);
    const count = (kind: "tools" | "prompts" | "resources" | "templates") => lists[kind].length;
    measured.push({
      name,
      tools: lists.tools.length,
      prompts: count("prompts"),
      resources: count("resources") + count("templates"),
      calls: server.calls(place.folder).map(([tool]) => tool),
    });
  });
});

test("the page says so", async () => {
  // Where something could not be installed, or only one is tried, the page stays as it is.
  if (measured.length === PUBLISHED_SERVERS.length)
    await expect(serversPage(measured)).toMatchFileSnapshot("../../../docs/reference/published-servers.md");
});
