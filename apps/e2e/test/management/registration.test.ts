import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { type RestAnswer, rest } from "../../src/harness/rest.ts";
import { type HttpUpstream, nodeServer, startFixture } from "../../src/harness/upstreams.ts";
import { modernRequest } from "../../src/harness/wire-client.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

let gateway: HttpGateway;
let upstream: HttpUpstream;

beforeAll(async () => {
  upstream = await startFixture("misbehaving/http.ts");
  gateway = await startGateway({
    mcp_servers: {
      own: nodeServer(fixtureFile("misbehaving/stdio.ts")),
      pool: { mode: "group", members: [{ id: "own" }] },
    },
    management: { allow_runtime_servers: ["remote"], runtime_addresses: ["127.0.0.1"] },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

const get = (path: string): Promise<RestAnswer> => rest(gateway, "GET", path);
const post = (path: string, body?: unknown): Promise<RestAnswer> => rest(gateway, "POST", path, { body });
const problem = (answer: RestAnswer): unknown => [answer.status, answer.json().error];

describe("registering at run time", () => {
  const register = (server: string, options: object): Promise<RestAnswer> =>
    post("/api/mcp_servers", { server, options });

  test("makes a server that is called, has an endpoint of its own, and goes without a trace", async () => {
    const remote = { mode: "remote", endpoint: upstream.url };
    expect((await register("later", remote)).json()).toMatchObject({
      origin: "runtime",
      mode: "remote",
      state: "cold",
    });
    const called = await post("/api/mcp_servers/later/tools/echo/call", { arguments: { n: 2 } });
    expect(called.json()).toMatchObject({ is_error: false });
    const own = await modernRequest(gateway.mcpUrl("later"), "tools/list");
    expect(own.status).toBe(200);
    expect(problem(await register("later", remote))).toMatchObject([409, { code: "conflict" }]);
    expect((await rest(gateway, "DELETE", "/api/mcp_servers/later")).json()).toEqual({
      server: "later",
      removed: true,
    });
    expect((await get("/api/mcp_servers/later")).status).toBe(404);
    expect((await modernRequest(gateway.mcpUrl("later"), "tools/list")).status).toBe(404);
    const page = await gateway.metrics();
    expect(page.samples.filter(({ labels }) => labels.mcp_server === "later")).toEqual([]);
  });

  test.each([
    ["x", { mode: "subprocess", command: "id" }, 403, "mode_not_allowed"],
    ["x", { mode: "docker", image: "alpine" }, 403, "mode_not_allowed"],
    ["own", { mode: "remote", endpoint: "http://127.0.0.1:1/" }, 409, "conflict"],
    ["pool", { mode: "remote", endpoint: "http://127.0.0.1:1/" }, 409, "conflict"],
    ["Not An Id", { mode: "remote", endpoint: "http://127.0.0.1:1/" }, 400, "invalid_request"],
    ["x", { mode: "remote", endpoint: "file:///etc/passwd" }, 400, "invalid_request"],
    [
      "x",
      { mode: "remote", endpoint: "http://127.0.0.1:1/", address_guard: { allow: ["::/0"] } },
      400,
      "invalid_request",
    ],
    ["x", { mode: "group", members: [{ id: "own" }] }, 400, "invalid_request"],
  ])("%s as %j is refused with %d %s", async (server, options, status, code) => {
    expect(problem(await register(server, options))).toMatchObject([status, { code }]);
  });

  test.each(["ca_file", "cert_file", "key_file"])("may not use a %s of the gateway", async (key) => {
    const options = { mode: "remote", endpoint: "https://example.com/", tls: { [key]: "/etc/passwd" } };
    expect(problem(await register("x", options))).toMatchObject([
      400,
      { code: "invalid_request", problems: [{ field: `options.tls.${key}` }] },
    ]);
  });

  test("does not reach addresses that are not public and not allowed", async () => {
    await register("inner", { mode: "remote", endpoint: "http://169.254.169.254/mcp" });
    const started = await post("/api/mcp_servers/inner/start");
    expect(problem(started)).toMatchObject([503, { message: expect.stringContaining("169.254.169.254") }]);
    expect((await rest(gateway, "DELETE", "/api/mcp_servers/inner")).status).toBe(200);
  });

  test("cannot remove what the configuration has defined", async () => {
    const refused = await rest(gateway, "DELETE", "/api/mcp_servers/own");
    expect(problem(refused)).toMatchObject([409, { code: "defined_elsewhere" }]);
  });
});
