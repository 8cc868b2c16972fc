import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/protocol/json-rpc.ts";
import { FAKE_PEER, type FakeBehaviour, resultReply } from "../../src/testing/index.ts";
import { type GroupBench, useGroupBench } from "./group-bench.ts";

const use = useGroupBench();
const NOW = new AbortController().signal;

/** A server that lists a tool, a prompt and a resource of each name, and answers with its own name. */
function offering(by: string, ...names: readonly string[]): Partial<FakeBehaviour> {
  return {
    peer: { ...FAKE_PEER, capabilities: { tools: {}, prompts: {}, resources: {} } },
    reply: ({ method }) => {
      switch (method) {
        case "tools/list":
          return resultReply({ tools: names.map((name) => ({ name })) });
        case "prompts/list":
          return resultReply({ prompts: names.map((name) => ({ name })) });
        case "resources/list":
          return resultReply({ resources: names.map((name) => ({ uri: `memo://${name}`, name })) });
        case "resources/templates/list":
          return resultReply({
            resourceTemplates: names.map((name) => ({ uriTemplate: `memo://${name}/{id}`, name })),
          });
        default:
          return resultReply({ by });
      }
    },
  };
}

const REQUESTS: readonly (readonly [string, JsonObject])[] = [
  ["prompts/get", { name: "secret" }],
  ["resources/read", { uri: "memo://secret" }],
  ["resources/read", { uri: "MEMO://SECRET" }],
  ["completion/complete", { ref: { type: "ref/prompt", name: "secret" } }],
  ["completion/complete", { ref: { type: "ref/prompt", name: "secret", uri: "memo://open" } }],
  ["completion/complete", { ref: { type: "ref/resource", uri: "memo://secret/{id}" } }],
];
const RULES = {
  tools: { deny: ["secret"] },
  prompts: { deny: ["secret"] },
  resources: { deny: ["memo://secret*"] },
};

async function relayed({ gateway }: GroupBench, method: string, params: JsonObject, server = "all"): Promise<unknown> {
  const result = await gateway.relay({ server, method, params });
  if (result.kind === "result") return result.result.value.by;
  return result.kind === "failure" ? result.code : result.error;
}

async function listed({ gateway, group }: GroupBench): Promise<unknown> {
  for (const server of gateway.fleet.all()) {
    for (const list of ["tools", "prompts", "resources", "resourceTemplates"] as const) await server.refresh(list, NOW);
  }
  const { catalog } = group;
  return [
    catalog.toolNames(),
    catalog.known("tools")?.map(({ name }) => name),
    catalog.known("prompts")?.map(({ name }) => name),
    catalog.known("resources")?.map(({ uri }) => uri),
    catalog.known("resourceTemplates")?.map(({ uriTemplate }) => uriTemplate),
  ];
}

describe.each([
  ["of the group", { group: RULES }],
  ["of each member", { server: RULES }],
])("rules %s", (_where, options) => {
  it("hide things from its lists, calls and requests", async () => {
    const bench = use({ a: offering("a", "open", "secret"), b: offering("b", "secret") }, options);
    const before = await bench.gateway.callTool({ server: "all", tool: "secret", arguments: {} });
    expect(before).toMatchObject({ code: "unknown_tool" });
    expect(await listed(bench)).toEqual([["open"], ["open"], ["open"], ["memo://open"], ["memo://open/{id}"]]);
    expect(await bench.gateway.callTool({ server: "all", tool: "secret", arguments: {} })).toMatchObject({
      code: "unknown_tool",
    });
    for (const [method, params] of REQUESTS) expect(await relayed(bench, method, params)).toBe("invalid_request");
    expect(["a", "b"]).toContain(await relayed(bench, "prompts/get", { name: "open" }));
    expect(["a", "b"]).toContain(await relayed(bench, "resources/read", { uri: "memo://open" }));
  });
});

it("what the rules of one member hide is asked of the others, and of it by no name of its own", async () => {
  const bench = use({ a: offering("a", "secret"), b: offering("b", "other") }, { servers: { a: RULES } });
  for (let round = 0; round < 4; round++) {
    for (const [method, params] of REQUESTS) expect(await relayed(bench, method, params)).toBe("b");
  }
  for (const [method, params] of REQUESTS) {
    expect(await relayed(bench, method, params, "a")).toBe("invalid_request");
    expect(await relayed(bench, method, params, "b")).toBe("b");
  }
});

it("the rules of a group say nothing about its members by their own names", async () => {
  const bench = use({ a: offering("a", "secret") }, { group: RULES });
  for (const [method, params] of REQUESTS) expect(await relayed(bench, method, params, "a")).toBe("a");
});

it("the rate limit is not spent on what is hidden", async () => {
  const rateLimit = { enabled: true, requests_per_second: 1, burst: 1 };
  const bench = use({ a: offering("a", "open") }, { server: RULES, gateway: { rateLimit } });
  for (const [method, params] of REQUESTS) expect(await relayed(bench, method, params)).toBe("invalid_request");
  expect(await relayed(bench, "prompts/get", { name: "open" })).toBe("a");
  expect(await relayed(bench, "prompts/get", { name: "open" })).toBe("rate_limited");
});
