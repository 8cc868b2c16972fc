import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOGGED_MESSAGES } from "../src/fixtures/conformance/notifying-tools.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type AnswerServer, connect, type McpClient } from "../src/harness/mcp-client.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";
import { openLegacySession } from "../src/harness/wire-client.ts";

/** The fixture itself is the control. A modern server has no way of its own to ask a legacy client. */
const ROUTES = [
  { route: "the fixture itself", server: undefined, asksLegacy: true },
  { route: "a server of both eras", server: "both", asksLegacy: true },
  { route: "a legacy server", server: "legacy", asksLegacy: true },
  { route: "a modern server", server: "modern", asksLegacy: false },
] as const;
const ERAS = ["both", "legacy", "modern"] as const;
const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} };

/** Answers each question with something that the asking tool repeats. */
const answer: AnswerServer = (method, params) => {
  if (method === "roots/list") return { roots: [{ uri: "file:///home" }] };
  if (method === "sampling/createMessage")
    return { role: "assistant", model: "test", content: { type: "text", text: "Paris" } };
  const { requestedSchema } = params as { requestedSchema: { properties: Record<string, { type: string }> } };
  const fields = Object.entries(requestedSchema.properties);
  const content = Object.fromEntries(
    fields.map(([name, { type }]) => [name, type === "boolean" ? true : `my ${name}`]),
  );
  return { action: "accept", content };
};

let fixtures: readonly HttpUpstream[];
let gateway: HttpGateway;

beforeAll(async () => {
  fixtures = await Promise.all(ERAS.map((era) => startFixture("conformance/main.ts", era)));
  const servers = fixtures.map(({ url }, index) => [ERAS[index], { mode: "remote", endpoint: url }]);
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await Promise.all(fixtures.map((fixture) => fixture[Symbol.asyncDispose]()));
});

describe.each(ROUTES)("a legacy client of $route", ({ server, asksLegacy }) => {
  const url = (): string => (server === undefined ? String(fixtures[0]?.url) : gateway.mcpUrl(server));
  const textOf = async (client: McpClient, tool: string, args: Record<string, unknown> = {}): Promise<unknown> =>
    (await client.call(tool, args)).content;

  describe.each(["sdk v1", "sdk v2 legacy"] as const)("that is %s", (kind) => {
    if (asksLegacy)
      test("answers for its model and its user in the middle of a call", async () => {
        await using client = await connect(kind, url(), CAPABILITIES, answer);
        expect(await textOf(client, "test_sampling", { prompt: "Capital of France?" })).toEqual([
          { type: "text", text: 'the model answered {"type":"text","text":"Paris"}' },
        ]);
        expect(await textOf(client, "test_elicitation", { message: "Well?" })).toEqual([
          { type: "text", text: 'the user chose accept {"response":"my response"}' },
        ]);
      });

    test("answers round after round what a tool asks in the way of the modern era", async () => {
      await using client = await connect(kind, url(), CAPABILITIES, answer);
      const [twice, ...more] = await Promise.all([
        textOf(client, "test_input_required_result_multi_round"),
        textOf(client, "test_input_required_result_request_state"),
        textOf(client, "test_input_required_result_elicitation"),
      ]);
      expect(twice).toEqual([{ type: "text", text: "my name likes my color" }]);
      expect(more).toEqual([[{ type: "text", text: "state-ok" }], [{ type: "text", text: "hello my name" }]]);
      expect(await client.prompt("test_input_required_result_prompt")).toMatchObject([
        { content: { text: "context: my context" } },
      ]);
    });

    // Legacy servers ask for roots outside of calls, where the gateway cannot tell which client is meant.
    if (server === undefined || !asksLegacy)
      test("lists its roots", async () => {
        await using client = await connect(kind, url(), CAPABILITIES, answer);
        expect(await textOf(client, "test_input_required_result_multiple_inputs")).toEqual([
          { type: "text", text: "my name with 1 root(s)" },
        ]);
      });

    test("subscribes to a resource", async () => {
      await using client = await connect(kind, url());
      expect(await client.subscribe("test://watched-resource")).toEqual({});
    });
  });

  test("is asked nothing that it did not declare, and is told so", async () => {
    await using client = await connect("sdk v1", url(), {}, answer);
    const failed = await client.call("test_input_required_result_elicitation").catch((error: unknown) => ({ error }));
    expect(failed).toMatchObject("error" in failed ? { error: { code: expect.any(Number) } } : { isError: true });
  });

  test("hears log messages of its calls after it set a level", async () => {
    const session = await openLegacySession(url());
    expect((await session.request("logging/setLevel", { level: "debug" })).message.result).toEqual({});
    const { before } = await session.request("tools/call", { name: "test_logging_tool", arguments: {} });
    const logged = before.filter(({ method }) => method === "notifications/message");
    expect(logged.map(({ params }) => params?.data)).toEqual(["logged because the request carries a log level"]);
    const { before: three } = await session.request("tools/call", { name: "test_tool_with_logging", arguments: {} });
    expect(three.map(({ params }) => params?.data)).toEqual(LOGGED_MESSAGES);
  });
});
