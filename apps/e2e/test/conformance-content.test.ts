import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CONTENT_ANSWERS, DELIBERATE_FAILURE, SCHEMA_2020_12 } from "../src/fixtures/conformance/content-tools.ts";
import { LOGGED_MESSAGES, REPORTED_PROGRESS } from "../src/fixtures/conformance/notifying-tools.ts";
import { STATIC_TEXT } from "../src/fixtures/conformance/resources-and-prompts.ts";
import { RED_PIXEL_PNG } from "../src/fixtures/conformance/samples.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, openLegacySession, type RequestOptions, type RpcAnswer } from "../src/harness/wire-client.ts";

/** The suite's own checks accept almost any content; these compare it. The fixture itself is the control. */
const ROUTES = [
  { route: "the fixture itself", server: undefined, modern: true },
  { route: "the gateway before a server of both eras", server: "both", modern: true },
  { route: "the gateway before a modern server", server: "modern", modern: true },
  { route: "the gateway before a legacy server", server: "legacy", modern: false },
] as const;
const ERAS = ["legacy", "modern"] as const;

type Ask = (method: string, params?: Record<string, unknown>, options?: RequestOptions) => Promise<RpcAnswer>;

let fixtures: readonly HttpUpstream[];
let gateway: HttpGateway;

beforeAll(async () => {
  const eras = ["both", "modern", "legacy"];
  fixtures = await Promise.all(eras.map((era) => startFixture("conformance/main.ts", era)));
  const servers = fixtures.map(({ url }, index) => [eras[index], { mode: "remote", endpoint: url }]);
  gateway = await startGateway({ mcp_servers: Object.fromEntries(servers) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await Promise.all(fixtures.map((fixture) => fixture[Symbol.asyncDispose]()));
});

describe.each(ROUTES)("what arrives from $route", ({ server, modern }) => {
  const url = (): string => (server === undefined ? String(fixtures[0]?.url) : gateway.mcpUrl(server));

  describe.each(ERAS)("in the %s era", (era) => {
    let ask: Ask;

    beforeAll(async () => {
      const session = era === "legacy" ? await openLegacySession(url()) : undefined;
      ask = (method, params, options) =>
        session?.request(method, params, options) ?? modernRequest(url(), method, params, options);
    });

    test.each(Object.entries(CONTENT_ANSWERS))("%s has its exact content", async (name, content) => {
      const { message } = await ask("tools/call", { name, arguments: {} });
      expect(message.result?.content).toEqual(content);
      expect(message.result?.resultType).toBe(era === "modern" ? "complete" : undefined);
    });

    test("a failing tool's message and isError arrive", async () => {
      const { message } = await ask("tools/call", { name: "test_error_handling", arguments: {} });
      expect(message.result).toMatchObject({ isError: true, content: [{ type: "text", text: DELIBERATE_FAILURE }] });
    });

    test("an input schema arrives keyword by keyword", async () => {
      const { message } = await ask("tools/list");
      const tools = message.result?.tools as { name: string; inputSchema: unknown }[];
      expect(tools.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema).toEqual(SCHEMA_2020_12);
    });

    test("progress comes in order, under the client's own token with its own type, before the result", async () => {
      for (const progressToken of ["a token", 17]) {
        const params = { name: "test_tool_with_progress", arguments: {}, _meta: { progressToken } };
        const { before, message } = await ask("tools/call", params);
        const reports = before.filter(({ method }) => method === "notifications/progress").map((each) => each.params);
        expect(reports).toMatchObject(
          REPORTED_PROGRESS.map((progress) => ({ progressToken, progress, total: 100, message: `${progress} of 100` })),
        );
        expect(message.result?.content).toMatchObject([{ text: expect.stringContaining("reported progress") }]);
      }
    });

    test("log messages of a call come on its stream, in order", async () => {
      const _meta = { "io.modelcontextprotocol/logLevel": "debug" };
      const { before } = await ask("tools/call", { name: "test_tool_with_logging", arguments: {}, _meta });
      const logged = before
        .filter(({ method }) => method === "notifications/message")
        .map(({ params }) => params?.data);
      expect(logged).toEqual(LOGGED_MESSAGES);
    });

    test("resources and prompts have their exact content", async () => {
      const text = await ask("resources/read", { uri: "test://static-text" });
      expect(text.message.result?.contents).toEqual([
        { uri: "test://static-text", mimeType: "text/plain", text: STATIC_TEXT },
      ]);
      const binary = await ask("resources/read", { uri: "test://static-binary" });
      expect(binary.message.result?.contents).toMatchObject([{ blob: RED_PIXEL_PNG }]);
      const prompt = { name: "test_prompt_with_arguments", arguments: { arg1: "ä", arg2: "2" } };
      expect((await ask("prompts/get", prompt)).message.result?.messages).toEqual([
        { role: "user", content: { type: "text", text: "arg1 is 'ä', arg2 is '2'" } },
      ]);
    });

    test("completion answers for the argument that was asked about", async () => {
      const ref = { type: "ref/prompt", name: "test_prompt_with_arguments" };
      const { message } = await ask("completion/complete", { ref, argument: { name: "arg1", value: "par" } });
      expect(message.result?.completion).toMatchObject({ values: ["paris", "park", "party"], total: 3 });
    });

    test("a resource that is not there is an error with the era's code", async () => {
      const { message } = await ask("resources/read", { uri: "test://nowhere" });
      expect([-32_602, -32_002]).toContain(message.error?.code);
    });
  });

  if (modern)
    test("an input_required answer and its retry keep requestState byte for byte", async () => {
      const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } };
      const call = { name: "test_input_required_result_request_state", arguments: {}, _meta };
      const { message: asked } = await modernRequest(url(), "tools/call", call);
      expect(asked.result).toMatchObject({ resultType: "input_required", inputRequests: { confirm: {} } });
      const inputResponses = { confirm: { action: "accept", content: { ok: true } } };
      const requestState = asked.result?.requestState;
      const { message: answered } = await modernRequest(url(), "tools/call", { ...call, inputResponses, requestState });
      expect(answered.result).toMatchObject({ resultType: "complete", content: [{ type: "text", text: "state-ok" }] });
      const tampered = `${String(requestState).slice(0, -2)}xx`;
      const forged = await modernRequest(url(), "tools/call", { ...call, inputResponses, requestState: tampered });
      expect(forged.message.error).toMatchObject({ code: -32_602 });
    });
});
