import { LIST_KINDS, LISTS, type ListKind } from "@mcp-hangar/core";
import { goodItem, junkItem, seededRandom } from "@mcp-hangar/core/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type ListingUpstreams, startListingUpstreams } from "../src/harness/listing-upstreams.ts";
import { CLIENT_KINDS, connect } from "../src/harness/mcp-client.ts";
import { rest } from "../src/harness/rest.ts";
import { modernRequest, openLegacySession } from "../src/harness/wire-client.ts";

const random = seededRandom(4);
const GOOD = ["legacy_good", "modern_good"];
const CARELESS = Array.from({ length: 8 }, (_, at) => `${at % 2 === 0 ? "legacy" : "modern"}_careless_${at}`);

function listsOf(item: (list: ListKind, at: number) => unknown): Record<string, readonly unknown[]> {
  const items = (list: ListKind) => Array.from({ length: 20 }, (_, at) => item(list, at));
  return Object.fromEntries(LIST_KINDS.map((list) => [LISTS[list].method, items(list)]));
}

let upstreams: ListingUpstreams;
let gateway: HttpGateway;

beforeAll(async () => {
  upstreams = await startListingUpstreams({
    ...Object.fromEntries(GOOD.map((name) => [name, listsOf((list, at) => goodItem(list, `good_${at}`))])),
    ...Object.fromEntries(
      CARELESS.map((name) => [
        name,
        listsOf((list, at) => (at === 7 ? goodItem(list, "good_7") : junkItem(list, `junk_${at}`, random))),
      ]),
    ),
    legacy_known: { "tools/list": [{ name: "no_schema" }, { name: "\u001b[2J" }, goodItem("tools", "good_7")] },
  });
  gateway = await startGateway({
    mcp_servers: Object.fromEntries(
      [...GOOD, ...CARELESS, "legacy_known"].map((id) => [id, { mode: "remote", endpoint: upstreams.endpoint(id) }]),
    ),
    management: { tools: { deny: ["*"] } },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstreams?.[Symbol.asyncDispose]();
});

describe.each(CLIENT_KINDS)("what careless servers list, as %s reads it", (kind) => {
  test("costs nobody the list, and every good item of every server is there", async () => {
    await using client = await connect(kind, gateway.mcpUrl());
    const lists = {
      tools: await client.tools(),
      prompts: await client.prompts(),
      resources: await client.resources(),
      resourceTemplates: await client.templates(),
    };
    for (const list of LIST_KINDS) {
      const names = new Set(lists[list].map(({ name }) => name));
      const missing = GOOD.flatMap((id) => Array.from({ length: 20 }, (_, at) => `${id}__good_${at}`));
      expect([...missing, ...CARELESS.map((id) => `${id}__good_7`)].filter((name) => !names.has(name))).toEqual([]);
      expect(names.size).toBeGreaterThan(GOOD.length * 20 + CARELESS.length * 5);
    }
  });

  test.each(CARELESS)("costs nobody the list of %s alone", async (id) => {
    await using client = await connect(kind, gateway.mcpUrl(id));
    expect((await client.tools()).map(({ name }) => name)).toContain("good_7");
    expect((await client.prompts()).map(({ name }) => name)).toContain("good_7");
    expect((await client.resources()).map(({ name }) => name)).toContain("good_7");
    expect((await client.templates()).map(({ name }) => name)).toContain("good_7");
  });
});

test("what was done about a list is told once in the log, counted, and shown with the tools", async () => {
  const session = await openLegacySession(gateway.mcpUrl());
  for (let times = 0; times < 3; times++) await session.request("tools/list", {});
  await rest(gateway, "POST", "/api/mcp_servers/legacy_known/stop");
  await rest(gateway, "POST", "/api/mcp_servers/legacy_known/start");
  const told = gateway.events("mcp_server_list_faulty").filter(({ mcp_server: id }) => id === "legacy_known");
  expect(told).toMatchObject([
    {
      level: "warning",
      list: "tools",
      mended: 1,
      left_out: 1,
      faults: [
        { name: "no_schema", action: "mended", reason: "mended: inputSchema" },
        { action: "left_out", reason: "its name has control characters" },
      ],
    },
  ]);
  const metrics = await gateway.metrics();
  const counted = (action: string): number =>
    metrics.sum("mcp_hangar_list_item_faults_total", { mcp_server: "legacy_known", list: "tools", action });
  expect([counted("mended"), counted("left_out")]).toEqual([1, 1]);
  const shown = (await rest(gateway, "GET", "/api/mcp_servers/legacy_known/tools")).json();
  expect(shown).toMatchObject({
    tools: [{ name: "no_schema", inputSchema: { type: "object" } }, { name: "good_7" }],
    faults: { mended: 1, left_out: 1, shown: [{ name: "no_schema" }, { action: "left_out" }] },
  });
});

test("a schema of results that are no objects is for modern clients alone", async () => {
  const tool = { name: "listing", inputSchema: { type: "object" }, outputSchema: { type: "array" } };
  await using own = await startListingUpstreams({ modern: { "tools/list": [tool] } });
  await using other = await startGateway({
    mcp_servers: { modern: { mode: "remote", endpoint: own.endpoint("modern") } },
  });
  const legacy = await (await openLegacySession(other.mcpUrl("modern"))).request("tools/list", {});
  expect(legacy.message.result).toMatchObject({ tools: [{ name: "listing" }] });
  expect(JSON.stringify(legacy.message.result)).not.toContain("outputSchema");
  const modern = await modernRequest(other.mcpUrl("modern"), "tools/list", {});
  expect(modern.message.result).toMatchObject({ tools: [tool] });
});
