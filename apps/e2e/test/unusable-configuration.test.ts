// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll, processesMarked, runProcess } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { gatewayArguments, type HttpGateway, startGateway, writeConfig } from "../src/harness/gateway-process.ts";
import { QUICK_RELOAD, reloadByRest, reloads, rest } from "../src/harness/reloading.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

/** Options of a server that cannot be used, and the key that is to blame. */
interface Unusable {
  readonly options: Readonly<Record<string, unknown>>;
  readonly key: string;
  /** A part of what is said about it. */
  readonly says: string;
}

const remote = (rest: object, endpoint = "https://example.com/mcp"): Record<string, unknown> => ({
  mode: "remote",
  endpoint,
  ...rest,
});
const program = (rest: object): Record<string, unknown> => ({ mode: "subprocess", command: "sh", ...rest });

/** What no machine could use as it is written. */
const WRONG: Readonly<Record<string, Unusable>> = {
  host: { options: remote({ headers: { Host: "a" } }), key: "headers.Host", says: "sets this header itself" },
  length: {
    options: remote({ headers: { "content-length": "1" } }),
    key: "headers.content-length",
    says: "sets this header itself",
  },
  session: {
    options: remote({ headers: { "Mcp-Session-Id": "a" } }),
    key: "headers.Mcp-Session-Id",
    says: "sets this header itself",
  },
  line: { options: remote({ headers: { "X-A": "a\nb" } }), key: "headers.X-A", says: "HTTP headers cannot carry" },
  token: { options: remote({ auth: { type: "bearer", token: "a\n" } }), key: "auth.token", says: "line break" },
  user: { options: remote({}, "https://ann:pw@example.com/"), key: "endpoint", says: "must not contain credentials" },
  clear: { options: remote({ tls: {} }, "http://example.com/"), key: "tls", says: "use https://" },
  half: { options: remote({ tls: { key_file: "k" } }), key: "tls.key_file", says: "needs both its files" },
  name: { options: program({ env: { "a-b": "c" } }), key: "env.a-b", says: "no name of a variable" },
  nul: { options: program({ args: ["\0"] }), key: "args[0]", says: "NUL" },
  mount: {
    options: { mode: "docker", image: "a", tmpfs: ["/a", "/a"] },
    key: "tmpfs[1]",
    says: "mounted at /a already",
  },
};

/** What this machine does not have. */
const MISSING: Readonly<Record<string, Unusable>> = {
  program: { options: program({ command: "no-such-program" }), key: "command", says: "no program named" },
  folder: { options: program({ cwd: "/no/such/folder" }), key: "cwd", says: "does not exist" },
  engine: {
    options: { mode: "docker", image: "a", command: "/no/engine" },
    key: "command",
    says: "no file /no/engine",
  },
  ca: { options: remote({ tls: { ca_file: "/no/ca.pem" } }), key: "tls.ca_file", says: "cannot be read: ENOENT" },
};

const serversOf = (rows: Readonly<Record<string, Unusable>>): Record<string, Record<string, unknown>> =>
  Object.fromEntries(Object.entries(rows).map(([id, { options }]) => [id, options]));

/** The lines that name each row's key and say what is wrong with it. */
const complaints = (rows: Readonly<Record<string, Unusable>>): readonly unknown[] =>
  Object.entries(rows).map(([id, { key, says }]) =>
    expect.stringMatching(new RegExp(`line \\d+, ${escaped(`mcp_servers.${id}.${key}`)}: .*${escaped(says)}`)),
  );

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

async function run(config: object, ...args: readonly string[]): Promise<{ code: number | null; lines: string[] }> {
  await using folder = await temporaryFolder();
  const file = await writeConfig(folder.path, { mcp_servers: {}, ...config });
  const command = gatewayArguments(...args, "--config", file);
  const { code, stderr } = await runProcess({ command: process.execPath, args: command });
  return { code, lines: stderr.split("\n").filter((line) => line.includes(", mcp_servers.")) };
}

describe.concurrent("a configuration that is wrong in itself", () => {
  test("is refused by config check, with line and key of each problem", async () => {
    const { code, lines } = await run({ mcp_servers: serversOf(WRONG) }, "config", "check", "--syntax-only");
    expect(code).toBe(1);
    expect(lines).toEqual(complaints(WRONG));
  });

  test("is refused at the start", async () => {
    const { code, lines } = await run({ mcp_servers: serversOf(WRONG) }, "serve", "--http", "--port", "0");
    expect(code).toBe(1);
    expect(lines).toEqual(complaints(WRONG));
  });
});

describe.concurrent("a configuration that names what is not there", () => {
  test("is refused by config check, unless the file alone is to be looked at", async () => {
    const config = { mcp_servers: serversOf(MISSING) };
    const { code, lines } = await run(config, "config", "check");
    expect(code).toBe(1);
    expect(lines).toEqual(complaints(MISSING));
    expect(await run(config, "config", "check", "--syntax-only")).toMatchObject({ code: 0 });
  });

  test("starts the gateway with a warning, because the other servers are there", async () => {
    await using gateway = await startGateway({ mcp_servers: { ...serversOf(MISSING), works: works("start") } });
    expect(await answers(gateway)).toBe("ok");
    const warnings = await poll("a warning for each problem", () => {
      const found = gateway.events("config_problem");
      return found.length === Object.keys(MISSING).length && found;
    });
    for (const [id, { key, says }] of Object.entries(MISSING)) {
      const problem = { level: "warning", key: `mcp_servers.${id}.${key}`, message: expect.stringContaining(says) };
      expect(warnings).toContainEqual(expect.objectContaining(problem));
    }
  });

  test("is refused where the gateway itself cannot use it", async () => {
    const own: Readonly<Record<string, object>> = {
      "auth.api_keys.file": { auth: { api_keys: { file: "/no/keys" } } },
      "http.tls": { http: { tls: { cert_file: "/no/cert", key_file: "/no/key" } } },
      "history.file": { history: { file: "/no/history" } },
      "logging.file": { logging: { file: "/no/log" } },
      "discovery.decisions_file": { discovery: { decisions_file: "/no/decisions" } },
      "discovery.sources.here": { discovery: { sources: { here: { type: "filesystem", path: "/no/folder" } } } },
    };
    const config = Object.assign({}, ...Object.values(own).map((section) => section)) as { discovery: object };
    config.discovery = {
      decisions_file: "/no/decisions",
      sources: { here: { type: "filesystem", path: "/no/folder" } },
    };
    await using folder = await temporaryFolder();
    const file = await writeConfig(folder.path, { mcp_servers: {}, ...config });
    const command = gatewayArguments("config", "check", file);
    const { code, stderr } = await runProcess({ command: process.execPath, args: command });
    expect(code).toBe(1);
    for (const key of Object.keys(own)) expect(stderr).toMatch(new RegExp(`line \\d+, ${escaped(key)}: `));
  });
});

describe("a reload and a registration", () => {
  const rows = Object.entries({ ...WRONG, ...MISSING });

  test("that would put something unusable in the place of what works are refused as a whole", async () => {
    const marker = `unusable-${process.pid}-reload`;
    const running = { mcp_servers: { works: works(marker) }, management: { allow_runtime_servers: MODES } };
    await using gateway = await startGateway(running);
    expect(await answers(gateway)).toBe("ok");
    const before = processesMarked(marker);
    for (const [name, { options, key, says }] of rows) {
      const next = { ...running, execution: { max_concurrency: 7 } };
      const replaced = await reloadByRest(gateway, { ...next, mcp_servers: { works: options } });
      const problem = { field: `mcp_servers.works.${key}`, message: expect.stringMatching(/^line \d+: /) };
      expect([name, replaced.status, replaced.body.error]).toMatchObject([name, 422, { problems: [problem] }]);
      expect(JSON.stringify(replaced.body)).toContain(says);
      const preview = await rest(gateway, "GET", "/api/config/diff");
      expect(preview.body.error).toMatchObject({ problems: [problem] });
      const added = await reloadByRest(gateway, { ...next, mcp_servers: { ...running.mcp_servers, other: options } });
      expect(added.body.error).toMatchObject({ problems: [{ field: `mcp_servers.other.${key}` }] });

      const registered = await rest(gateway, "POST", "/api/mcp_servers", { server: "other", options });
      const field = `options.${key.replace(/\[(\d+)\]/g, ".$1")}`;
      const isFile = options.mode === "remote" && key === "tls.ca_file";
      expect([name, registered.status, registered.body.error]).toMatchObject([name, 400, { problems: [{ field }] }]);
      if (!isFile) expect(JSON.stringify(registered.body)).toContain(says);
    }
    expect(await answers(gateway)).toBe("ok");
    expect(processesMarked(marker)).toEqual(before);
    const config = await rest(gateway, "GET", "/api/config");
    expect(config.body).toMatchObject({
      config: { execution: { max_concurrency: 50 } },
      last_reload_successful: false,
    });
    // What does not change is no reason to refuse what does.
    const settings = await reloadByRest(gateway, { ...running, execution: { max_concurrency: 7 } });
    expect(settings.status).toBe(200);
  });

  test("that fails for want of a program succeeds by itself when the program comes", async () => {
    await using folder = await temporaryFolder();
    const command = join(folder.path, "late");
    await using gateway = await startGateway({ ...QUICK_RELOAD, mcp_servers: {} });
    const refused = await reloadByRest(gateway, { ...QUICK_RELOAD, mcp_servers: { late: program({ command }) } });
    expect(refused.status).toBe(422);
    await writeFile(command, "#!/bin/sh\n", { mode: 0o755 });
    await poll("the reload that succeeds", () => reloads(gateway).some(({ result }) => result === "success"));
    expect((await rest(gateway, "GET", "/api/mcp_servers/late")).status).toBe(200);
  });

  test("follow the files that the configuration names, when only they change", async () => {
    await using folder = await temporaryFolder();
    const [first, second] = [`unusable-${process.pid}-first`, `unusable-${process.pid}-second`];
    const secret = join(folder.path, "secret");
    await writeFile(secret, `${first}\n`);
    const server = nodeServer(fixtureFile("misbehaving/stdio.ts"), `\${file:${secret}}`);
    await using gateway = await startGateway({ ...QUICK_RELOAD, mcp_servers: { works: server } });
    expect(await answers(gateway)).toBe("ok");
    expect(processesMarked(first)).not.toEqual([]);
    const shown = await rest(gateway, "GET", "/api/config");
    expect(JSON.stringify(shown.body)).toContain(`\${file:${secret}}`);

    await writeFile(`${secret}~`, `${second}\n`);
    await rename(`${secret}~`, secret);
    await poll("the reload", () => reloads(gateway).some(({ result }) => result === "success"));
    expect(reloads(gateway).at(-1)).toMatchObject({ message: "changed: works (args)", trigger: "file" });
    expect(await answers(gateway)).toBe("ok");
    await poll("the old process to go", () => processesMarked(first).length === 0);
    expect(processesMarked(second)).not.toEqual([]);
  });
});

const MODES = ["subprocess", "docker", "remote"];

function works(marker: string): Record<string, unknown> {
  return nodeServer(fixtureFile("misbehaving/stdio.ts"), marker);
}

async function answers(gateway: HttpGateway): Promise<string> {
  const { message } = await modernRequest(gateway.mcpUrl("works"), "tools/call", { name: "ok", arguments: {} });
  return textOf(message);
}
