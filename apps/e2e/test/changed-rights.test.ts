import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { reloadByFile } from "../src/harness/reloading.ts";
import { bearer, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { EVERYTHING, nodeServer } from "../src/harness/upstreams.ts";
import { type HeardStream, openLegacySession } from "../src/harness/wire-client.ts";

const LISTS = { tools: "tools/list", prompts: "prompts/list", resources: "resources/list" } as const;
type List = keyof typeof LISTS;
const SERVERS = { one: nodeServer(EVERYTHING) };
const few = { permissions: ["tools:call"], tools: { allow: ["*/echo"] } };

/** What a reload does to the role of `few`, and which lists are others for those who have it then, at every endpoint. */
const CHANGES: readonly (readonly [what: string, role: object, lists: readonly List[]])[] = [
  ["another tool", { ...few, tools: { allow: ["*/echo", "*/get-sum"] } }, ["tools"]],
  ["the same in other words", { ...few, tools: { allow: ["*/get-sum", "*/echo"] } }, []],
  [
    "a permission of the management",
    { ...few, tools: { allow: ["*/echo", "*/get-sum"] }, permissions: ["tools:call", "audit:read"] },
    [],
  ],
  ["less again", few, ["tools"]],
  ["a tool that is not there", { ...few, tools: { allow: ["*/echo", "*/nothing"] } }, []],
  ["no prompts", { ...few, prompts: { deny: ["*/*"] } }, ["prompts"]],
  ["no resources in place of no prompts", { ...few, resources: { deny: ["*/*"] } }, ["prompts", "resources"]],
  ["nothing of that server", { ...few, tools: { allow: ["other/*"] } }, ["tools", "prompts"]],
  ["as it was", few, ["tools", "prompts", "resources"]],
  ["nothing", few, []],
  // Behind this, nothing that was not to be told can be on its way.
  ["another tool again", { ...few, tools: { allow: ["*/get-sum"] } }, ["tools"]],
];

test("a reload that changes what roles show is told to those who see other lists of servers, and to nobody else", async () => {
  const others = { mcp_servers: SERVERS, config_reload: { debounce_s: 0.1 } };
  await using secured = await startSecuredGateway({ ...others, auth: { roles: { few } } });
  const { gateway } = secured;
  await using cleanup = new AsyncDisposableStack();
  const streams = new Map<string, HeardStream>();
  for (const [who, key] of [
    ["admin", secured.admin],
    ["few", await secured.keyFor("few", "few")],
  ] as const) {
    for (const [where, url] of [
      ["aggregate", gateway.mcpUrl()],
      ["server", gateway.mcpUrl("one")],
    ] as const) {
      const session = await openLegacySession(url, {}, bearer(key));
      for (const method of Object.values(LISTS)) await session.request(method);
      streams.set(`${who} ${where}`, cleanup.use(await session.listen()));
    }
  }
  const told = (): Record<string, number> => {
    const counts = [...streams].flatMap(([name, stream]) =>
      Object.keys(LISTS).map((list) => {
        const times = stream.heard().split(`notifications/${list}/list_changed`).length - 1;
        return [`${name} ${list}`, times] as const;
      }),
    );
    return Object.fromEntries(counts);
  };
  const expected = told();
  for (const [index, [what, role, lists]] of CHANGES.entries()) {
    for (const list of lists) {
      for (const where of ["aggregate", "server"]) {
        const name = `few ${where} ${list}`;
        expected[name] = (expected[name] ?? 0) + 1;
      }
    }
    const auth = { roles: { few: role }, api_keys: { file: secured.keyFile } };
    const reloaded = await reloadByFile(gateway, {
      ...others,
      auth,
      logging: { level: index % 2 === 0 ? "debug" : "info", json_format: true },
    });
    expect(reloaded, what).toMatchObject({ result: "success" });
    await poll(what, () => Object.entries(expected).every(([name, times]) => (told()[name] ?? 0) >= times));
    expect(told(), what).toEqual(expected);
  }
});
