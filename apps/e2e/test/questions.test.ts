import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway } from "../src/harness/gateway-process.ts";
import { person } from "../src/harness/person.ts";
import { rest } from "../src/harness/rest.ts";
import { nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const browser = nodeServer(fixtureFile("browser/main.ts"), "stdio");

test("several people who are asked at once through one session over HTTP get each their own question", async () => {
  await using upstream = await startFixture("conformance/main.ts", "legacy");
  await using gateway = await startGateway({ mcp_servers: { asks: { mode: "remote", endpoint: upstream.url } } });
  await using people = new AsyncDisposableStack();
  const names = ["ann", "bob", "cid", "dan"];
  const answers = await Promise.all(
    names.map(async (name) => {
      const each = people.use(await person(gateway.mcpUrl("asks"), name, { thinksFor: 50 }));
      return await Promise.all([each.use("test_elicitation", "Who?"), each.use("test_elicitation", "Who?")]);
    }),
  );
  const said = (name: string): string => `the user chose accept {"name":"${name}","response":"${name}"}`;
  expect(answers).toEqual(names.map((name) => [said(name), said(name)]));
});

test("a person may take longer than a call, which is nobody's failure, while others go on", async () => {
  await using gateway = await startGateway({
    mcp_servers: { browser: { ...browser, call_timeout_s: 2 } },
    circuit_breaker: { failure_threshold: 1 },
  });
  await using slow = await person(gateway.mcpUrl("browser"), "slow", { thinksFor: 4_000 });
  await using other = await person(gateway.mcpUrl("browser"), "other");
  await other.use("page");
  const thinking = slow.use("who");
  await poll("the question", () => slow.asked() === 1);
  expect(await other.use("page")).toBe("about:blank");
  expect(await thinking).toBe("slow");
  expect(await view(gateway)).toMatchObject({ consecutive_failures: 0, circuit_breaker: "closed", state: "ready" });
  expect((await gateway.metrics()).sum("mcp_hangar_tool_call_errors_total")).toBe(0);
}, 100_000);

test("where nobody can be asked, the server hears why; soon after a cancelled call others can be", async () => {
  await using gateway = await startGateway({ mcp_servers: { browser } });
  await using ann = await person(gateway.mcpUrl("browser"), "ann");
  await using bob = await person(gateway.mcpUrl("browser"), "bob");
  await ann.use("page");
  const leave = new AbortController();
  const working = ann.use("work", "60000", leave.signal).catch(() => "left");
  await poll("the call", async () => (await view(gateway)).in_flight === 1);
  expect(await bob.use("who")).toContain(
    "no client can be asked, because calls of several clients are in flight on the one session that they share",
  );
  leave.abort();
  expect(await working).toBe("left");
  await poll("a question", async () => (await bob.use("who")) === "bob");
});

async function view(gateway: Parameters<typeof rest>[0]): Promise<Readonly<Record<string, unknown>>> {
  return (await rest(gateway, "GET", "/api/mcp_servers/browser")).json();
}
