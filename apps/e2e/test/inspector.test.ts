import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { inspect } from "../src/harness/inspector.ts";
import { EVERYTHING, nodeServer } from "../src/harness/upstreams.ts";

let gateway: HttpGateway;

beforeAll(async () => {
  gateway = await startGateway({ mcp_servers: { everything: nodeServer(EVERYTHING) } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

/** The Inspector starts slowly: about a second a run. */
describe.each(["legacy", "auto", "modern"])("the official Inspector in the era %s", (era) => {
  test("lists and calls aggregated tools", async () => {
    const listed = await inspect(gateway.mcpUrl(), "tools/list", "--protocol-era", era);
    expect(listed).toMatchObject({
      tools: expect.arrayContaining([expect.objectContaining({ name: "everything__echo", title: "Echo Tool" })]),
    });
    const answer = await inspect(
      gateway.mcpUrl(),
      "tools/call",
      "--protocol-era",
      era,
      "--tool-name",
      "everything__echo",
      "--tool-arg",
      "message=from the Inspector",
    );
    expect(answer).toMatchObject({ content: [{ type: "text", text: "Echo: from the Inspector" }] });
  });

  test("gets prompts from a server's own endpoint", async () => {
    const args = ["--protocol-era", era, "--prompt-name", "args-prompt", "--prompt-args", "city=Kyiv"];
    expect(await inspect(gateway.mcpUrl("everything"), "prompts/get", ...args)).toMatchObject({
      messages: [{ role: "user", content: { type: "text", text: "What's weather in Kyiv?" } }],
    });
  });
});
