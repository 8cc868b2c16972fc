import { Witnesses } from "@mcp-hangar/core";
import { FakeClock, RecordingBus } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { OPEN_ACCESS } from "../access/access.ts";
import type { Permission } from "../access/permissions.ts";
import { createManagementTools, type ManagementTools } from "./mcp-tools.ts";
import { type Operation, type OperationContext, operation, operationFailure } from "./operation.ts";
import { recorded } from "./recorded.ts";

const CALLER: Caller = { type: "api_key", id: registeredName("ada"), roles: [], credential: "api_key:ada" };
const CONTEXT: OperationContext = { caller: CALLER, door: "mcp", signal: new AbortController().signal, relay: {} };

function tool(name: `hangar_${string}`, permission: Permission, effect: Operation["effect"] = "read"): Operation {
  return operation({
    id: name.slice("hangar_".length),
    title: name,
    description: name,
    permission,
    effect,
    tool: name,
    input: z.object({ server: z.string().optional() }),
    output: z.object({ done: z.boolean() }),
    run: ({ server }) =>
      server === "none" ? operationFailure("unknown_server", 404, "there is none") : { done: true },
  });
}

const OPERATIONS = [tool("hangar_list", "servers:read"), tool("hangar_stop", "servers:write", "change")];
const EVERYTHING = { allow: ["*"], deny: [], on_mcp: [] };

type ToolPolicy = Parameters<typeof createManagementTools>[2] extends () => { readonly tools: infer Tools }
  ? Tools
  : never;

const namesOf = (tools: ManagementTools): readonly unknown[] => tools.definitionsFor(CALLER).map(({ name }) => name);

describe("a management tool", () => {
  it("that the caller may not use is neither listed nor found", () => {
    const access = {
      ...OPEN_ACCESS,
      permits: (_caller: Caller, permission: Permission) => permission !== "servers:write",
    };
    const tools = createManagementTools(OPERATIONS, access, () => ({ tools: EVERYTHING })).forOperators;
    expect(namesOf(tools)).toEqual(["hangar_list"]);
    expect(tools.find("hangar_stop", CALLER)).toBeUndefined();
    expect(tools.find("hangar_list", CALLER)).toBeDefined();
  });

  it("exists as the configuration says at that moment", () => {
    let policy: ToolPolicy = { allow: ["hangar_*"], deny: ["hangar_l*"], on_mcp: [] };
    const tools = createManagementTools(OPERATIONS, OPEN_ACCESS, () => ({ tools: policy })).forOperators;
    expect(namesOf(tools)).toEqual(["hangar_stop"]);
    expect(tools.find("hangar_list", CALLER)).toBeUndefined();
    policy = { ...EVERYTHING, allow: [] };
    expect(namesOf(tools)).toEqual([]);
    policy = EVERYTHING;
    expect(namesOf(tools)).toEqual(["hangar_list", "hangar_stop"]);
  });

  it.each<[string, Partial<ToolPolicy>, readonly string[], readonly string[]]>([
    ["is for operators, and that of work for agents", {}, ["hangar_call"], ["hangar_list", "hangar_stop"]],
    [
      "that a glob names is for agents, too",
      { on_mcp: ["hangar_l*"] },
      ["hangar_list", "hangar_call"],
      ["hangar_list", "hangar_stop"],
    ],
    [
      "is for nobody where it is denied",
      { on_mcp: ["*"], deny: ["hangar_stop", "hangar_call"] },
      ["hangar_list"],
      ["hangar_list"],
    ],
    ["is for nobody where it is not allowed", { on_mcp: ["*"], allow: ["hangar_call"] }, ["hangar_call"], []],
  ])("%s", (_what, policy, agents, operators) => {
    const operations = [...OPERATIONS, { ...tool("hangar_call", "tools:call"), forAgents: true } as const];
    const tools = createManagementTools(operations, OPEN_ACCESS, () => ({ tools: { ...EVERYTHING, ...policy } }));
    for (const [view, names] of [
      [tools.forAgents, agents],
      [tools.forOperators, operators],
    ] as const) {
      expect(namesOf(view)).toEqual(names);
      const found = operations.filter((operation) => view.find(operation.tool, CALLER) !== undefined);
      expect(found.map((operation) => operation.tool)).toEqual(names);
    }
  });

  it.each([undefined, null, 1, "", "constructor", "hangar_", {}])("named %j is none", (name) => {
    const tools = createManagementTools(OPERATIONS, OPEN_ACCESS, () => ({ tools: EVERYTHING })).forOperators;
    expect(tools.find(name, CALLER)).toBeUndefined();
  });

  it("answers as data and as text, and a failure as text that no schema has to fit", async () => {
    const found = createManagementTools(OPERATIONS, OPEN_ACCESS, () => ({ tools: EVERYTHING })).forOperators.find(
      "hangar_list",
      CALLER,
    );
    expect((await found?.call(undefined, CONTEXT))?.value).toEqual({
      content: [{ type: "text", text: '{"done":true}' }],
      structuredContent: { done: true },
    });
    const failed = await found?.call({ server: "none" }, CONTEXT);
    expect(failed?.value).toEqual({
      content: [{ type: "text", text: '{"success":false,"error_type":"unknown_server","error":"there is none"}' }],
      isError: true,
    });
  });

  it("has a name of its own", () => {
    const twice = [tool("hangar_list", "servers:read"), tool("hangar_list", "servers:read")];
    expect(() => createManagementTools(twice, OPEN_ACCESS, () => ({ tools: EVERYTHING }))).toThrow("hangar_list");
  });
});

describe("an operation", () => {
  it("is told of with who, what and how it ended, and so is one that reads", async () => {
    const bus = new RecordingBus();
    const witnesses = new Witnesses({ bus }, new FakeClock());
    const [list, stop] = OPERATIONS.map((each) =>
      recorded(each, witnesses, { newId: () => "id", admit: () => undefined }),
    );
    await list?.perform({}, CONTEXT);
    await stop?.perform({ server: "math" }, CONTEXT);
    await stop?.perform({ server: "none" }, CONTEXT);
    await stop?.perform({ server: 1 }, CONTEXT);
    await stop?.perform(null, CONTEXT);
    const told = bus.of("operation.finished").map(({ operation, effect, caller, door, target, outcome }) => {
      return [operation, effect, caller.id, door, target, outcome];
    });
    const who = ["ada", "mcp"];
    expect(told).toEqual([
      ["list", "read", ...who, undefined, "done"],
      ["stop", "change", ...who, "math", "done"],
      ["stop", "change", ...who, "none", "unknown_server"],
      ["stop", "change", ...who, undefined, "invalid_request"],
      ["stop", "change", ...who, undefined, "invalid_request"],
    ]);
  });

  it.each([{}, { openWorld: true } as const])("that throws is told of once, and throws on: %j", async (kind) => {
    const bus = new RecordingBus();
    const perform = () => Promise.reject(new Error("broken"));
    const broken = { ...tool("hangar_stop", "servers:write", "change"), ...kind, perform };
    const told = recorded(broken, new Witnesses({ bus }, new FakeClock()), {
      newId: () => "id",
      admit: () => undefined,
    });
    await expect(told.perform({ server: "math" }, CONTEXT)).rejects.toThrow("broken");
    expect(bus.of("operation.finished")).toMatchObject([{ target: "math", outcome: "internal", effect: "change" }]);
  });
});
