import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { type HttpUpstream, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";

/** Names that a caller who reaches `open` alone must not be told, and those that it may. */
const HIDDEN = ["payroll", "salaries", "is_error"];
const REACHED = "open";

let upstream: HttpUpstream;
let secured: SecuredGateway;
let watcher: string;

beforeAll(async () => {
  upstream = await startFixture("misbehaving/http.ts");
  const remote = { mode: "remote", endpoint: upstream.url };
  secured = await startSecuredGateway({
    mcp_servers: {
      [REACHED]: remote,
      payroll: remote,
      "payroll-2": remote,
      salaries: { mode: "group", members: [{ id: "payroll-2" }] },
    },
    auth: {
      roles: {
        watcher: { permissions: ["metrics:read", "config:read"], tools: { allow: ["open"], deny: ["open/is_error"] } },
        clerk: { permissions: ["tools:call"], tools: { allow: ["payroll/*", "open"], deny: ["salaries"] } },
      },
    },
  });
  watcher = await secured.keyFor("watcher", "watcher");
  for (const server of ["open", "payroll", "salaries"]) {
    for (const name of ["ok", "is_error"]) {
      const params = { name, arguments: {} };
      await modernRequest(secured.gateway.mcpUrl(server), "tools/call", params, { headers: bearer(secured.admin) });
    }
  }
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

describe("the metrics", () => {
  const CALLS = "mcp_hangar_tool_calls_total";

  test.each(["text/plain", "application/openmetrics-text"])(
    "name to a role only what it reaches (%s)",
    async (accept) => {
      const response = await fetch(`${secured.gateway.url}/metrics`, { headers: { ...bearer(watcher), accept } });
      const text = await response.text();
      for (const name of HIDDEN) expect(text).not.toContain(name);
      expect(text).toContain(`${CALLS}{mcp_server="open",tool="ok",status="success"} 1\n`);
      expect(text).toContain(`mcp_hangar_mcp_server_state{mcp_server="open"} 2\n`);
      expect(text).toContain("process_cpu_seconds_total");
    },
  );

  test("name everything to a role without rules", async () => {
    const page = await secured.gateway.metrics(bearer(secured.admin));
    for (const name of [...HIDDEN, REACHED]) expect(page.text).toContain(name);
  });

  test("are compressed for a client that takes gzip, and for no other", async () => {
    const plain = await raw({ "accept-encoding": "identity" });
    const compressed = await raw({ "accept-encoding": "gzip" });
    expect(plain.encoding).toBeUndefined();
    expect(compressed.encoding).toBe("gzip");
    expect(compressed.body.length).toBeLessThan(plain.body.length / 4);
    expect(compressed.length).toBe(String(compressed.body.length));
    // Gauges of the process differ from one scrape to the next.
    const names = (text: string) => text.replaceAll(/ \S+$/gm, "");
    expect(names(String(gunzipSync(compressed.body)))).toBe(names(String(plain.body)));
  });
});

describe("the configuration", () => {
  test.each(["/api/config", "/api/config/diff"])("names to a role only what it reaches: %s", async (path) => {
    const response = await fetch(`${secured.gateway.url}${path}`, { headers: bearer(watcher) });
    expect(response.status).toBe(200);
    const text = await response.text();
    for (const name of ["payroll", "salaries"]) expect(text).not.toContain(name);
    if (path === "/api/config") expect(JSON.parse(text)).toMatchObject({ config: { mcp_servers: { open: {} } } });
  });

  test("names everything to a role without rules", async () => {
    const response = await fetch(`${secured.gateway.url}/api/config`, { headers: bearer(secured.admin) });
    const { config } = (await response.json()) as { config: { mcp_servers: object } };
    expect(Object.keys(config.mcp_servers)).toEqual(["open", "payroll", "payroll-2", "salaries"]);
  });
});

/** Without what `fetch` does to encodings. */
async function raw(headers: Readonly<Record<string, string>>) {
  const all = { ...bearer(secured.admin), ...headers };
  return await new Promise<{ encoding: string | undefined; length: string | undefined; body: Buffer }>(
    (resolve, reject) => {
      request(`${secured.gateway.url}/metrics`, { headers: all }, (answer) => {
        buffer(answer).then(
          (body) =>
            resolve({ encoding: answer.headers["content-encoding"], length: answer.headers["content-length"], body }),
          reject,
        );
      })
        .on("error", reject)
        .end();
    },
  );
}
