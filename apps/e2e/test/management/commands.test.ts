import { type Finished, poll, runProcess } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gatewayArguments } from "../../src/harness/gateway-process.ts";
import { rest } from "../../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";

let secured: SecuredGateway;
let reader: string;

beforeAll(async () => {
  secured = await startSecuredGateway({
    mcp_servers: { everything: nodeServer(EVERYTHING), broken: nodeServer("/nowhere/server.js") },
    auth: { roles: { reader: { permissions: ["servers:read", "system:read"] } } },
  });
  reader = await secured.keyFor("reader", "reader");
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
});

async function hangar(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Omit<Finished, "signal">> {
  const all = gatewayArguments(...args, "--url", secured.gateway.url);
  const { code, stdout, stderr } = await runProcess({ command: process.execPath, args: all, env });
  return { code, stdout, stderr };
}

const asAdmin = (...args: readonly string[]): Promise<Omit<Finished, "signal">> =>
  hangar(args, { MCP_API_KEY: secured.admin });
const stateOf = async (id: string): Promise<unknown> =>
  (await rest(secured.gateway, "GET", `/api/mcp_servers/${id}`, { headers: bearer(secured.admin) })).json().state;

test("start and stop do what they say, and print the answer as JSON if asked", async () => {
  const started = await asAdmin("start", "everything");
  expect(started).toEqual({ code: 0, stdout: expect.stringMatching(/^everything: ready, \d+ ms\n$/), stderr: "" });
  expect(await stateOf("everything")).toBe("ready");
  const stopped = await asAdmin("stop", "everything", "--json");
  expect(stopped.code).toBe(0);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ id: "everything", state: "cold" });
  expect(await stateOf("everything")).toBe("cold");
  const line = await poll("the line of the log", () =>
    secured.gateway.events("operation_finished").find(({ operation }) => operation === "stopServer"),
  );
  expect(line).toMatchObject({ target: "everything", caller: "root", caller_type: "api_key", outcome: "done" });
});

describe("what cannot be done", () => {
  test.each([
    ["broken", "/nowhere/server.js"],
    ["none", 'there is no server "none"'],
    ["../keys", 'there is no server "../keys"'],
  ])("start %s ends with 1 and says why: %s", async (server, words) => {
    expect(await asAdmin("start", server)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(words),
    });
  });
});

describe.each([["status"], ["start", "everything"], ["config", "reload"]])("%s %s", (...command) => {
  test("without a key says that one is needed, and how to give it", async () => {
    const { code, stdout, stderr } = await hangar(command.filter((word) => word !== undefined));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/refuses: .*; set MCP_API_KEY or pass --api-key\n$/);
  });
});

test("a key that is not enough is not enough, and is not printed", async () => {
  const { code, stderr } = await hangar(["stop", "everything", "--api-key", reader]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/refuses: .*servers:write; use another key\n$/);
  expect(stderr).not.toContain(reader);
  expect((await hangar(["status", "--api-key", reader])).code).toBe(0);
});

test("a key that cannot be one is refused before it is sent, and is not printed", async () => {
  const { code, stderr } = await hangar(["status", "--api-key", "two words"]);
  expect(code).toBe(1);
  expect(stderr).toContain("a key has neither spaces nor line breaks nor letters beyond ASCII");
  expect(stderr).not.toContain("two words");
});

test("call uses the key", async () => {
  const args = ["call", "everything", "echo", "--args", '{"message":"hello"}'];
  expect(await asAdmin(...args)).toEqual({ code: 0, stdout: "Echo: hello\n", stderr: "" });
  expect((await hangar(args)).code).toBe(1);
  expect((await hangar(args, { MCP_API_KEY: "" })).code).toBe(1);
});
