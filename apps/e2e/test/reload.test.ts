// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { poll, processesMarked, runProcess } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import {
  type GatewayConfig,
  gatewayArguments,
  type HttpGateway,
  startGateway,
  writeConfig,
} from "../src/harness/gateway-process.ts";
import { connect } from "../src/harness/mcp-client.ts";
import {
  nextReload,
  QUICK_RELOAD,
  reloadByFile,
  reloadByRest,
  reloads,
  rest,
  writeOver,
} from "../src/harness/reloading.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, namesIn, openLegacySession, type RpcMessage, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const STDIO = fixtureFile("misbehaving/stdio.ts");
/** A server that a test finds among the processes by the marker. */
const own = (marker: string, extra: object = {}): Record<string, unknown> => ({
  ...nodeServer(STDIO, marker),
  ...extra,
});
const marked = (name: string): string => `reload-${process.pid}-${name}-end`;

describe.concurrent("a changed file", () => {
  test("adds, changes and removes servers, and leaves no process of what was", async () => {
    const [first, second, kept, gone] = ["first", "second", "kept", "gone"].map(marked) as [
      string,
      string,
      string,
      string,
    ];
    await using gateway = await startGateway({
      ...QUICK_RELOAD,
      mcp_servers: { changes: own(first, { call_timeout_s: 20 }), stays: own(kept), leaves: own(gone) },
    });
    for (const server of ["changes", "stays", "leaves"]) expect(textOf(await call(gateway, server, "ok"))).toBe("ok");
    const [keptProcess] = processesMarked(kept);
    const session = await openLegacySession(gateway.mcpUrl("leaves"));

    const event = await reloadByFile(gateway, {
      ...QUICK_RELOAD,
      mcp_servers: { changes: own(second, { call_timeout_s: 20 }), stays: own(kept), comes: own(marked("comes")) },
    });
    expect(event).toMatchObject({ level: "info", result: "success", trigger: "file" });
    expect(event.message).toBe("added: comes; removed: leaves; changed: changes (args)");
    for (const server of ["changes", "stays", "comes"]) expect(textOf(await call(gateway, server, "ok"))).toBe("ok");
    const { message } = await modernRequest(gateway.mcpUrl(), "tools/list");
    const prefixes = new Set(namesIn(message, "tools").flatMap((name) => name.split("__").slice(0, -1)));
    expect(prefixes).toEqual(new Set(["changes", "comes", "stays"]));

    await poll("the old processes to end", () => [first, gone].every((marker) => processesMarked(marker).length === 0));
    expect(processesMarked(second).length).toBeGreaterThan(0);
    expect(processesMarked(kept)).toContain(keptProcess);
    // Whoever had a session with the server that left is told that it is gone.
    expect(await session.request("tools/list").catch(() => ({ status: 404 }))).toMatchObject({ status: 404 });
    const page = await gateway.metrics();
    expect(page.select("mcp_hangar_mcp_server_state", { mcp_server: "leaves" })).toEqual([]);
    expect(page.sum("mcp_hangar_mcp_server_stops_total", { mcp_server: "changes", reason: "reload" })).toBe(1);
    expect(page.sum("mcp_hangar_config_reloads_total", { result: "success" })).toBe(1);
    expect(page.sum("mcp_hangar_config_last_reload_successful")).toBe(1);
  });

  test("is told to clients that have listed tools", async () => {
    await using gateway = await startGateway({ ...QUICK_RELOAD, mcp_servers: { one: own(marked("told")) } });
    await using client = await connect("sdk v1", gateway.mcpUrl());
    expect((await client.tools()).map(({ name }) => name)).toContain("one__ok");
    await reloadByFile(gateway, { ...QUICK_RELOAD, mcp_servers: { two: own(marked("told")) } });
    const isTold = (): boolean =>
      client.notifications.some(({ method }) => method === "notifications/tools/list_changed");
    await poll("the client to be told", isTold);
    const names = (await client.tools()).map(({ name }) => name);
    expect(names).toContain("two__ok");
    expect(names).not.toContain("one__ok");
  });

  test("counts over stdio as well", async () => {
    await using folder = await temporaryFolder();
    const config = { ...QUICK_RELOAD, mcp_servers: { one: own(marked("piped")) } };
    const file = await writeConfig(folder.path, config);
    const args = gatewayArguments("serve", "--config", file);
    await using client = await connect("sdk v1", {
      command: process.execPath,
      args,
      env: { PATH: process.env.PATH ?? "" },
    });
    expect((await client.tools()).map(({ name }) => name)).toContain("one__ok");
    await writeOver({ configFile: file }, { ...config, mcp_servers: { two: own(marked("piped")) } });
    const isTold = (): boolean =>
      client.notifications.some(({ method }) => method === "notifications/tools/list_changed");
    await poll("the client to be told", isTold);
    expect((await client.call("two__ok")).isError ?? false).toBe(false);
    await expect(client.call("one__ok")).rejects.toThrow();
  });

  test("counts when it is swapped behind links, as in a ConfigMap of Kubernetes", async () => {
    await using gateway = await startGateway({ ...QUICK_RELOAD, mcp_servers: {} });
    const folder = dirname(gateway.configFile);
    const text = await readFile(gateway.configFile, "utf8");
    const version = async (name: string, content: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "config.yaml"), content);
      await symlink(name, join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    await version("..2026_1", text);
    await symlink(join("..data", "config.yaml"), join(folder, "config.link"));
    await rename(join(folder, "config.link"), gateway.configFile);
    await version(
      "..2026_2",
      text.replace('"mcp_servers": {}', `"mcp_servers": {"late": ${JSON.stringify(own("m"))}}`),
    );
    await rm(join(folder, "..2026_1"), { recursive: true });
    expect(await nextReload(gateway, 0)).toMatchObject({ result: "success", message: "added: late" });
    expect(textOf(await call(gateway, "late", "ok"))).toBe("ok");
    expect(reloads(gateway)).toHaveLength(1);
  });

  test("is not read while config_reload.watch is off, but with SIGHUP, which opens the log file anew too", async () => {
    const logging = { level: "info", json_format: true, file: "hangar.log" };
    const config = { config_reload: { watch: false }, logging, mcp_servers: {} };
    await using gateway = await startGateway(config);
    const log = join(dirname(gateway.configFile), "hangar.log");
    await rename(log, `${log}.1`);
    await writeOver(gateway, { ...config, mcp_servers: { late: own("m") } });
    expect((await call(gateway, "late", "ok")).error).toBeDefined();
    gateway.process.kill("SIGHUP");
    expect(await nextReload(gateway, 0)).toMatchObject({ trigger: "signal", message: "added: late" });
    expect(textOf(await call(gateway, "late", "ok"))).toBe("ok");
    await poll("the new log file", async () => (await readFile(log, "utf8")).includes("config_reloaded"));
    expect(await readFile(`${log}.1`, "utf8")).not.toContain("config_reloaded");
  });

  test("changes limits and the level of the log at once, and says what needs a restart", async () => {
    // Nobody but who asks for it reloads, or there is nothing left to change.
    const base = { config_reload: { watch: false }, mcp_servers: { one: own("m") } };
    await using gateway = await startGateway(base);
    const answer = await reloadByRest(gateway, {
      ...base,
      logging: { level: "debug", json_format: true },
      rate_limit: { enabled: true, requests_per_second: 0.001, burst: 1 },
      http: { max_body_bytes: 7_777 },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        settings: expect.arrayContaining(["rate_limit.enabled", "rate_limit.burst", "logging.level"]),
        needs_restart: ["http.max_body_bytes"],
      },
    });
    expect(textOf(await call(gateway, "one", "ok"))).toBe("ok");
    expect((await call(gateway, "one", "ok")).error).toMatchObject({ message: expect.stringContaining("rate limit") });
    await poll("a line of the level debug", () => gateway.events().some(({ level }) => level === "debug"));
    await poll("a line about the restart", () => gateway.events("config_needs_restart").length > 0);
    expect(gateway.events("config_needs_restart")).toMatchObject([{ level: "warning", keys: ["http.max_body_bytes"] }]);
    const { body } = await rest(gateway, "GET", "/api/config/diff");
    expect(body).toMatchObject({ settings: [], needs_restart: ["http.max_body_bytes"] });
  });
});

describe.concurrent("servers that are not in the file", () => {
  test("stay when they were registered or discovered, until the file claims their ids", async () => {
    await using folder = await temporaryFolder();
    const base = {
      config_reload: { watch: false },
      management: { allow_runtime_servers: ["subprocess"] },
      discovery: { sources: { folder: { type: "filesystem", path: folder.path, interval_s: 1 } } },
    };
    const [mine, found] = [marked("registered"), marked("discovered")];
    await writeFile(join(folder.path, "found.json"), JSON.stringify(own(found)));
    await using gateway = await startGateway({ ...base, mcp_servers: {} });
    expect(await rest(gateway, "POST", "/api/mcp_servers", { server: "mine", options: own(mine) })).toMatchObject({
      status: 200,
    });
    // A probe that fails on a busy machine is tried again after ten seconds.
    await poll("the discovered server", async () => (await call(gateway, "found", "ok")).error === undefined);
    expect(textOf(await call(gateway, "mine", "ok"))).toBe("ok");
    const processes = [...processesMarked(mine), ...processesMarked(found)];

    expect(await reloadByRest(gateway, { ...base, mcp_servers: { late: own("m") } })).toMatchObject({ status: 200 });
    for (const server of ["mine", "found", "late"]) expect(textOf(await call(gateway, server, "ok"))).toBe("ok");
    expect([...processesMarked(mine), ...processesMarked(found)]).toEqual(processes);

    const closed = { ...base, management: {}, mcp_servers: { late: own("m") } };
    expect((await reloadByRest(gateway, closed)).body).toMatchObject({
      settings: ["management.allow_runtime_servers"],
    });
    expect(await rest(gateway, "POST", "/api/mcp_servers", { server: "another", options: own(mine) })).toMatchObject({
      status: 403,
    });

    const claimed = { mine: own("m", { tools: { deny: ["ok"] } }), found: own("m", { tools: { deny: ["ok"] } }) };
    expect(await reloadByRest(gateway, { ...base, mcp_servers: claimed })).toMatchObject({ status: 200 });
    for (const server of ["mine", "found"]) expect((await call(gateway, server, "ok")).error).toBeDefined();
    await poll("the processes that were there before to end", () =>
      [mine, found].every((marker) => processesMarked(marker).length === 0),
    );
    // Two cycles later discovery still leaves it to the file.
    const cycles = "mcp_hangar_discovery_cycle_duration_seconds_count";
    const before = (await gateway.metrics()).sum(cycles);
    await poll("two more cycles", async () => (await gateway.metrics()).sum(cycles) >= before + 2);
    expect((await call(gateway, "found", "ok")).error).toBeDefined();
  });
});

describe.concurrent("a gateway that asks who comes", () => {
  test("takes over roles and static keys with a reload, and ends what a key that is gone began", async () => {
    await using folder = await temporaryFolder();
    const empty = await writeConfig(folder.path, { mcp_servers: {} });
    const mint = async (name: string): Promise<{ readonly token: string; readonly entry: object }> => {
      const made = ["--static", "--name", name, "--role", "agent", "--json", "--config", empty];
      const args = gatewayArguments("keys", "create", ...made);
      return JSON.parse((await runProcess({ command: process.execPath, args })).stdout) as never;
    };
    const [first, second] = await Promise.all([mint("first"), mint("second")]);
    const config = (tools: object, ...keys: readonly { readonly entry: object }[]): GatewayConfig => ({
      ...QUICK_RELOAD,
      mcp_servers: { one: own("m") },
      auth: {
        api_keys: { static: keys.map(({ entry }) => ({ ...entry, roles: ["reader"] })) },
        roles: { reader: { permissions: ["tools:call"], tools } },
      },
    });
    await using gateway = await startGateway(config({ allow: ["one"] }, first));
    const status = async ({ token }: typeof first, tool = "ok"): Promise<string | number> => {
      const headers = { authorization: `Bearer ${token}` };
      const params = { name: tool, arguments: {} };
      const answer = await modernRequest(gateway.mcpUrl("one"), "tools/call", params, { headers });
      return answer.message.error === undefined ? "called" : answer.status;
    };
    expect([await status(first), await status(second)]).toEqual(["called", 401]);
    await reloadByFile(gateway, config({ allow: ["one/ok"] }, first, second));
    expect([await status(first), await status(second)]).toEqual(["called", "called"]);
    expect(await status(first, "echo")).not.toBe("called");
    await reloadByFile(gateway, config({ allow: ["one/ok"] }, second));
    expect([await status(first), await status(second)]).toEqual([401, "called"]);

    const reload = async (env: Record<string, string>): Promise<string> => {
      const args = gatewayArguments("config", "reload", "--url", gateway.url);
      return (await runProcess({ command: process.execPath, args, env })).stderr;
    };
    expect(await reload({})).toContain("set MCP_API_KEY");
    expect(await reload({ MCP_API_KEY: second.token })).toContain("another key");
    const reader = { permissions: ["tools:call", "config:reload"] };
    const { auth, ...rest } = config({}, second);
    await reloadByFile(gateway, { ...rest, auth: { ...(auth as object), roles: { reader } } });
    expect(await reload({ MCP_API_KEY: second.token })).toBe("");
  });
});

describe.concurrent("a file that cannot be used", () => {
  const good: GatewayConfig = { ...QUICK_RELOAD, mcp_servers: { one: own("m") } };
  const broken: readonly (readonly [string, string, object])[] = [
    ["is no YAML", "mcp_servers:\n  one: [", { message: expect.stringMatching(/^line \d+: not valid YAML/) }],
    [
      "has an unknown key",
      "mcp_servers:\n  one:\n    mode: subprocess\n    comand: x",
      { field: "mcp_servers.one.comand", message: expect.stringMatching(/^line 4: .*did you mean command\?/) },
    ],
    [
      "names a variable that is not set",
      "mcp_servers: {}\nlogging:\n  file: ${NOWHERE_TO_BE_FOUND}",
      { field: "logging.file", message: expect.stringMatching(/^line 3: .*NOWHERE_TO_BE_FOUND is not set/) },
    ],
    ["is empty, as a file is that is being written", "\n", { field: "", message: expect.stringContaining("is empty") }],
    ["is empty of sense", "[1, 2]", { field: "" }],
  ];

  test.each(broken)("changes nothing and is explained everywhere: %s", async (_what, text, problem) => {
    await using gateway = await startGateway({ ...good, config_reload: { watch: false } });
    expect(await reloadByRest(gateway, text)).toMatchObject({
      status: 422,
      body: { error: { code: "invalid_config", problems: expect.arrayContaining([expect.objectContaining(problem)]) } },
    });
    expect(await rest(gateway, "GET", "/api/config/diff")).toMatchObject({ status: 422 });
    const tool = await modernRequest(gateway.manageUrl, "tools/call", { name: "hangar_reload_config", arguments: {} });
    expect(tool.message.result).toMatchObject({ isError: true });
    expect(textOf(tool.message)).toContain("invalid_config");
    await poll("both failures in the log", () => reloads(gateway).length === 2);
    expect(reloads(gateway)[0]).toMatchObject({ level: "error", result: "failure", caller: "anonymous" });
    expect(textOf(await call(gateway, "one", "ok"))).toBe("ok");
    const checks = expect.arrayContaining([expect.objectContaining({ name: "config", status: "degraded" })]);
    expect(await rest(gateway, "GET", "/health/ready")).toMatchObject({ status: 200, body: { checks } });
    const bad = await gateway.metrics();
    expect(bad.sum("mcp_hangar_config_reloads_total", { result: "failure" })).toBe(2);
    expect(bad.sum("mcp_hangar_config_last_reload_successful")).toBe(0);
    expect(await reloadByRest(gateway, { ...good, config_reload: { watch: false } })).toMatchObject({ status: 200 });
    expect((await gateway.metrics()).sum("mcp_hangar_config_last_reload_successful")).toBe(1);
  });

  test("is noticed when it is gone, and when it is back", async () => {
    await using gateway = await startGateway(good);
    const text = await readFile(gateway.configFile, "utf8");
    await rm(gateway.configFile);
    expect(await nextReload(gateway, 0)).toMatchObject({
      result: "failure",
      message: expect.stringContaining("does not exist"),
    });
    expect(textOf(await call(gateway, "one", "ok"))).toBe("ok");
    await writeOver(gateway, text);
    expect(await nextReload(gateway, 1)).toMatchObject({ result: "success", message: "nothing is different" });
  });
});

describe.concurrent("while calls run", () => {
  test("a denied tool is never there, not for an instant", async () => {
    const config = (generation: number): GatewayConfig => ({
      config_reload: { watch: false },
      mcp_servers: { one: own("m", { tools: { deny: ["echo"] }, idle_ttl_s: 100 + generation }) },
      execution: { default_mcp_server_concurrency: 50 },
    });
    await using gateway = await startGateway(config(0));
    expect(textOf(await call(gateway, "one", "ok"))).toBe("ok");
    let over = false;
    const answers: RpcMessage[] = [];
    const lane = async (): Promise<void> => {
      while (!over) answers.push(await call(gateway, "one", "echo"));
    };
    const lanes = Array.from({ length: 8 }, lane);
    for (let generation = 1; generation <= 10; generation++) {
      expect((await reloadByRest(gateway, config(generation))).status).toBe(200);
      expect(textOf(await call(gateway, "one", "ok"))).toBe("ok");
    }
    over = true;
    await Promise.all(lanes);
    expect(answers.length).toBeGreaterThan(100);
    expect(answers.filter(({ error }) => error === undefined)).toEqual([]);
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_tool_calls_total", { status: "success" })).toBe(11);
    expect(page.sum("mcp_hangar_tool_call_rejections_total", { reason: "unknown_tool" })).toBe(answers.length);
  });

  test("a tool that is denied from now on is denied by the time the reload is answered", async () => {
    const config = (deny: readonly string[]): GatewayConfig => ({
      mcp_servers: { one: own("m", { tools: { deny } }) },
    });
    await using gateway = await startGateway(config([]));
    for (let round = 0; round < 3; round++) {
      expect((await reloadByRest(gateway, config([]))).status).toBe(200);
      expect(textOf(await call(gateway, "one", "echo"))).toBeDefined();
      expect((await reloadByRest(gateway, config(["echo"]))).status).toBe(200);
      expect((await call(gateway, "one", "echo")).error).toBeDefined();
    }
  });

  test("calls at servers that are changed or removed finish", async () => {
    const [old, gone] = [marked("old"), marked("finishing")];
    const config = (servers: GatewayConfig["mcp_servers"]): GatewayConfig => ({
      config_reload: { watch: false },
      mcp_servers: servers,
    });
    await using gateway = await startGateway(config({ changes: own(old), leaves: own(gone) }));
    const sessions = await Promise.all(["changes", "leaves"].map((id) => openLegacySession(gateway.mcpUrl(id))));
    for (const session of sessions) await session.request("tools/call", { name: "ok", arguments: {} });
    const sleep = { name: "sleep", arguments: { ms: 2_000 } };
    const running = sessions.map((session) => session.request("tools/call", sleep));
    await poll("both calls to run", async () => {
      const { body } = await rest(gateway, "GET", "/api/system");
      return body.calls_in_flight === 2;
    });
    expect((await reloadByRest(gateway, config({ changes: own(marked("new")) }))).status).toBe(200);
    expect(processesMarked(old).length).toBeGreaterThan(0);
    expect(textOf(await call(gateway, "changes", "ok"))).toBe("ok");
    for (const { message } of await Promise.all(running)) expect(textOf(message)).toBe("slept 2000 ms");
    await poll("the old processes to end", () => [old, gone].every((marker) => processesMarked(marker).length === 0));
  });

  test("twenty reloads lose no call and leave no process behind", async () => {
    const marker = marked("load");
    const config = (generation: number): GatewayConfig => ({
      config_reload: { watch: false },
      mcp_servers: {
        still: own(`${marker}-still`, { max_concurrency: 20 }),
        turning: own(`${marker}-${generation}.`, { max_concurrency: 20 }),
        ...(generation % 2 === 1 && { passing: own(`${marker}-passing`) }),
      },
    });
    await using gateway = await startGateway(config(0));
    let over = false;
    let sent = 0;
    const failed: RpcMessage[] = [];
    const lane = async (server: string): Promise<void> => {
      while (!over) {
        sent += 1;
        const answer = await call(gateway, server, "ok");
        if (answer.error !== undefined || answer.result?.isError === true) failed.push(answer);
      }
    };
    const lanes = ["still", "turning", "still", "turning"].map(lane);
    for (let generation = 1; generation <= 20; generation++) {
      const { status, body } = await reloadByRest(gateway, config(generation));
      expect({ status, body }).toMatchObject({ status: 200, body: { mcp_servers: { changed: [{ id: "turning" }] } } });
      if (generation % 5 === 0) await call(gateway, "turning", "ok").then(() => sent++);
    }
    over = true;
    await Promise.all(lanes);
    expect(failed).toEqual([]);
    const page = await gateway.metrics();
    expect(page.sum("mcp_hangar_tool_calls_total", { status: "success" })).toBe(sent);
    expect(page.sum("mcp_hangar_tool_calls_total")).toBe(sent);
    expect(page.sum("mcp_hangar_config_reloads_total", { result: "success" })).toBe(20);
    const old = Array.from({ length: 20 }, (_, generation) => `${marker}-${generation}.`);
    const left = (): readonly number[] => old.flatMap((each) => processesMarked(each));
    await poll("the processes of nineteen generations to end", () => left().length === 0);
    expect(processesMarked(`${marker}-still`)).not.toEqual([]);
  });
});

describe.concurrent("asking for it", () => {
  test("`mcp-hangar config reload` says what changed, or why nothing did", async () => {
    const config = { config_reload: { watch: false }, mcp_servers: {} };
    await using gateway = await startGateway(config);
    const reload = (...args: string[]): ReturnType<typeof runProcess> =>
      runProcess({
        command: process.execPath,
        args: gatewayArguments("config", "reload", "--url", gateway.url, ...args),
      });
    await writeOver(gateway, { ...config, mcp_servers: { late: own("m") }, http: { max_body_bytes: 7_777 } });
    const done = await reload();
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toBe("added: late\nneeds a restart: http.max_body_bytes\n");
    await writeOver(gateway, '{"mcp_servers": {},\n "loging": {}}');
    const refused = await reload();
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("line 2");
    expect(refused.stderr).toContain("did you mean logging?");
    expect(JSON.parse((await reload("--json")).stdout)).toMatchObject({ error: { code: "invalid_config" } });
  });

  test("the configuration is shown without its secrets", async () => {
    const remote = {
      mode: "remote",
      endpoint: "https://search.example.com/mcp",
      headers: { "x-custom": "hunter2-header" },
      auth: { type: "bearer", token: "${SEARCH_TOKEN}" },
    };
    await using gateway = await startGateway({ mcp_servers: { remote } }, { SEARCH_TOKEN: "hunter2-token" });
    const { status, body } = await rest(gateway, "GET", "/api/config");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      last_reload_successful: true,
      config: {
        mcp_servers: { remote: { auth: { token: "${SEARCH_TOKEN}" }, headers: { "x-custom": "[redacted]" } } },
      },
    });
    expect(JSON.stringify(body)).not.toContain("hunter2");
  });

  test("a reload is refused when reloads are switched off", async () => {
    await using gateway = await startGateway({ config_reload: { enabled: false }, mcp_servers: {} });
    expect(await reloadByRest(gateway, { mcp_servers: { late: own("m") } })).toMatchObject({
      status: 409,
      body: { error: { code: "reload_disabled" } },
    });
    gateway.process.kill("SIGHUP");
    await poll("the refusal in the log", () => gateway.events("config_reload_disabled").length > 0);
    expect(reloads(gateway)).toEqual([]);
    expect((await call(gateway, "late", "ok")).error).toBeDefined();
  });
});

async function call(gateway: HttpGateway, server: string, tool: string): Promise<RpcMessage> {
  return (await modernRequest(gateway.mcpUrl(server), "tools/call", { name: tool, arguments: {} })).message;
}
