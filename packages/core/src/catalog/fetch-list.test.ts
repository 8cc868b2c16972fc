import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../protocol/json-rpc.ts";
import { parseJson } from "../protocol/parse-json.ts";
import { FAKE_PEER, FakeClock, goodItem, junkItem, resultReply, seededRandom } from "../testing/index.ts";
import type { UpstreamReply, UpstreamSession } from "../transports/session.ts";
import { fetchList } from "./fetch-list.ts";
import { LIST_ITEMS_MAX } from "./list-inspection.ts";
import { LIST_KINDS, LISTS, type ListItems, type ListKind } from "./lists.ts";
import { NAME_CHARS_MAX } from "./mend-item.ts";

const ALL = { tools: {}, prompts: {}, resources: {} };

/** A session whose lists are answered by `page`, given the cursor. */
function sessionOf(
  page: (cursor: JsonValue | undefined) => UpstreamReply,
  capabilities: JsonObject = ALL,
): UpstreamSession {
  return {
    peer: { ...FAKE_PEER, capabilities },
    peerFor: async () => ({ ...FAKE_PEER, capabilities }),
    request: async ({ params }) => page(params.cursor),
    notify: () => {},
    connections: () => undefined,
    close: async () => {},
  };
}

async function fetched(list: ListKind, ...items: readonly JsonValue[]) {
  const session = sessionOf(() => resultReply({ [LISTS[list].key]: items }));
  const outcome = await fetchList(list, { session, clock: new FakeClock(), signal: new AbortController().signal });
  if (outcome.kind === "failed") throw new Error(outcome.message);
  return outcome;
}

/** What the official client of the legacy era makes of a list. */
async function readByClient(list: ListKind, items: ListItems): Promise<readonly unknown[]> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const answers: Record<string, JsonObject> = {
    initialize: { protocolVersion: "2025-11-25", capabilities: ALL, serverInfo: { name: "x", version: "1" } },
    [LISTS[list].method]: { [LISTS[list].key]: items },
  };
  far.onmessage = (message) => {
    if (!("id" in message) || !("method" in message)) return;
    // As it would be after its way over a wire.
    const response = JSON.stringify({ jsonrpc: "2.0", id: message.id, result: answers[message.method] });
    void far.send(JSON.parse(response));
  };
  await far.start();
  const client = new Client({ name: "test", version: "1" });
  await client.connect(near);
  try {
    switch (list) {
      case "tools":
        return (await client.listTools()).tools;
      case "prompts":
        return (await client.listPrompts()).prompts;
      case "resources":
        return (await client.listResources()).resources;
      case "resourceTemplates":
        return (await client.listResourceTemplates()).resourceTemplates;
    }
  } finally {
    await client.close();
  }
}

describe("a list of a careless server", () => {
  it.each(LIST_KINDS)("of %s is read by the official client, whatever its items are like", async (list) => {
    const random = seededRandom(20_261_130);
    for (let round = 0; round < 30; round++) {
      const good = Array.from({ length: 3 }, (_, at) => goodItem(list, `good_${at}`));
      const junk = Array.from({ length: 50 }, (_, at) => junkItem(list, `junk_${at}`, random));
      const { items, faults } = await fetched(list, ...junk.slice(0, 25), ...good, ...junk.slice(25));
      for (const item of good) expect(items).toContain(item);
      const legacy = items.filter(
        ({ outputSchema }) => outputSchema === undefined || typeOf(outputSchema) === "object",
      );
      try {
        expect((await readByClient(list, legacy)).length).toBe(legacy.length);
      } catch (error) {
        const culprits: string[] = [];
        for (const item of legacy) {
          await readByClient(list, [item]).catch(() => culprits.push(JSON.stringify(item)));
        }
        throw new Error(`round ${round}: ${culprits.join("\n").slice(0, 4_000)}`, { cause: error });
      }
      expect(items.length + faults.leftOut).toBe(53);
      expect(JSON.stringify(items).isWellFormed()).toBe(true);
      // What was mended is right: looking again changes nothing.
      const again = await fetched(list, ...items);
      expect(again.faults).toEqual({ mended: 0, leftOut: 0, shown: [] });
      for (const [at, item] of again.items.entries()) expect(item).toBe(items[at]);
    }
  });

  it.each(LIST_KINDS)("of %s that is right is passed on as it came", async (list) => {
    const item = goodItem(list, "x");
    const { items, faults } = await fetched(list, item);
    expect(items[0]).toBe(item);
    expect(faults).toEqual({ mended: 0, leftOut: 0, shown: [] });
  });

  it.each<[what: string, tool: JsonObject, mended: JsonObject]>([
    ["without a schema", { name: "a" }, { name: "a", inputSchema: { type: "object" } }],
    ["with no schema at all", { name: "a", inputSchema: null }, { name: "a", inputSchema: { type: "object" } }],
    ["with a schema of no type", tool({}), tool({ type: "object" })],
    ["with a schema of text", tool({ type: "string", pattern: "x" }), tool({ type: "object" })],
    ["with a schema of two types", tool({ type: ["object", "null"] }), tool({ type: "object" })],
    [
      "with null for optional members",
      { ...tool(), title: null, annotations: null, outputSchema: null, _meta: null },
      tool(),
    ],
    [
      "with null in hints",
      { ...tool(), annotations: { readOnlyHint: null, openWorldHint: true } },
      { ...tool(), annotations: { openWorldHint: true } },
    ],
    ["with a number for a text", { ...tool(), description: 5 }, tool()],
    [
      "with null for required",
      tool({ type: "object", properties: {}, required: null }),
      tool({ type: "object", properties: {} }),
    ],
    [
      "with required on a property",
      tool({ type: "object", properties: { a: { type: "string", required: true } } }),
      tool({ type: "object", properties: { a: { type: "string" } } }),
    ],
    [
      "with a number that no double holds for a schema",
      parseJson('{"name":"a","inputSchema":12345678901234567890}') as JsonObject,
      { name: "a", inputSchema: { type: "object" } },
    ],
  ])("has a tool %s mended", async (_what, sent, expected) => {
    const { items, faults } = await fetched("tools", sent);
    expect(items).toEqual([expected]);
    expect(faults).toMatchObject({ mended: 1, leftOut: 0, shown: [{ name: "a", action: "mended" }] });
  });

  it.each<[what: string, list: ListKind, item: JsonValue, reason: RegExp]>([
    ["that is no object", "tools", "x", /no object/],
    ["without a name", "tools", { inputSchema: {} }, /no name/],
    ["with a number for a name", "tools", { name: 5 }, /no text/],
    ["with an empty name", "prompts", { name: "" }, /empty/],
    ["with a name that controls a terminal", "tools", { name: "a\u001b[2J" }, /control characters/],
    ["with a name that turns the line around", "tools", { name: "a\u202eb" }, /control characters/],
    ["with half a character in its name", "prompts", { name: "a\ud800" }, /control characters/],
    ["with an absurd name", "tools", { name: "x".repeat(NAME_CHARS_MAX + 1) }, /201 characters/],
    ["without a URI", "resources", { name: "x" }, /no uri/],
    ["without a template", "resourceTemplates", { name: "x" }, /no uriTemplate/],
    [
      "of absurd size",
      "tools",
      { name: "x", inputSchema: { type: "object", description: "x".repeat(300_000) } },
      /262144/,
    ],
  ])("has an item %s left out", async (_what, list, item, reason) => {
    const { items, faults } = await fetched(list, item, goodItem(list, "good"));
    expect(items).toEqual([goodItem(list, "good")]);
    expect(faults.leftOut).toBe(1);
    expect(faults.shown[0]?.reason).toMatch(reason);
  });

  it("names a resource after its URI when it has no name", async () => {
    const { items } = await fetched(
      "resources",
      { uri: "x://1" },
      { uri: "x://2", name: null, mimeType: null, size: -1 },
    );
    expect(items).toEqual([
      { uri: "x://1", name: "x://1" },
      { uri: "x://2", name: "x://2" },
    ]);
  });

  it("keeps the first of several items of one name", async () => {
    const { items, faults } = await fetched("tools", { ...tool(), title: "first" }, { ...tool(), title: "second" });
    expect(items).toEqual([{ ...tool(), title: "first" }]);
    expect(faults.shown).toEqual([{ name: "a", action: "left_out", reason: "another item has the same name" }]);
  });
});

describe("a list without end", () => {
  it("is cut at its limit, with a note, and the rest of it is kept", async () => {
    const many = Array.from({ length: 100_000 }, (_, at) => tool({ type: "object" }, `t${at}`));
    const { items, faults } = await fetched("tools", ...many);
    expect(items.length).toBe(LIST_ITEMS_MAX);
    expect(faults).toEqual({
      mended: 0,
      leftOut: 1,
      shown: [{ name: undefined, action: "left_out", reason: "the list goes on after the first 20000 items" }],
    });
  });

  it("is cut at its size as well", async () => {
    const big = "x".repeat(60_000);
    const many = Array.from({ length: 400 }, (_, at) => ({ ...tool({ type: "object" }, `t${at}`), description: big }));
    const { items, faults } = await fetched("tools", ...many);
    expect(JSON.stringify(items).length).toBeLessThan(17 * 1024 * 1024);
    expect(items.length).toBeGreaterThan(200);
    expect(faults.shown).toMatchObject([{ reason: "the list goes on after the first 16777216 characters" }]);
  });

  it("is cut when a server hands out cursors for ever", async () => {
    let pages = 0;
    const session = sessionOf(() =>
      resultReply({ tools: [tool({ type: "object" }, `t${++pages}`)], nextCursor: `c${pages}` }),
    );
    const signal = new AbortController().signal;
    const outcome = await fetchList("tools", { session, clock: new FakeClock(), signal });
    expect(outcome).toMatchObject({ kind: "items", faults: { leftOut: 1 } });
    expect(pages).toBe(200);
  });

  it("is looked through in turns that leave the event loop to others", async () => {
    let turns = 0;
    const clock = {
      defer: (callback: () => void) => {
        turns++;
        setImmediate(callback);
      },
    };
    const items = Array.from({ length: 19_000 }, (_, at) => tool({ type: "object" }, `t${at}`));
    const session = sessionOf(() => resultReply({ tools: items }));
    await fetchList("tools", { session, clock, signal: new AbortController().signal });
    expect(turns).toBe(19);
  });
});

function tool(inputSchema: JsonObject = { type: "object" }, name = "a"): JsonObject {
  return { name, inputSchema };
}

function typeOf(schema: JsonValue): JsonValue | undefined {
  return (schema as JsonObject).type;
}

describe("tools that can be called as tasks", () => {
  const tool = (name: string, taskSupport: string) => ({ ...goodItem("tools", name), execution: { taskSupport } });
  const tools = [tool("must", "required"), tool("may", "optional"), tool("no", "forbidden")];
  const listed = (tasks?: JsonValue) => {
    const session = sessionOf(() => resultReply({ tools }), tasks === undefined ? ALL : { ...ALL, tasks });
    return fetchList("tools", { session, clock: new FakeClock(), signal: new AbortController().signal });
  };

  it.each([
    undefined,
    true,
    {},
    { list: {}, cancel: {} },
    { requests: {} },
    { requests: { tools: {} } },
    { requests: { tools: { call: true } } },
  ])("are left out where there is no other way and the server declares no tasks (%j)", async (tasks) => {
    expect(await listed(tasks)).toMatchObject({
      items: [{ name: "may" }, { name: "no" }],
      faults: { leftOut: 1, shown: [{ name: "must", action: "left_out", reason: expect.stringContaining("task") }] },
    });
  });

  it("are kept of a server that makes tasks", async () => {
    expect(await listed({ requests: { tools: { call: {} } } })).toMatchObject({
      items: [{ name: "must" }, { name: "may" }, { name: "no" }],
      faults: { leftOut: 0, mended: 0 },
    });
  });
});
