// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redactText } from "@mcp-hangar/telemetry";
import { cpuTimeMs } from "@mcp-hangar/testing";
import { afterAll, describe, expect, it } from "vitest";
import type { Environment } from "./environment.ts";
import { loadConfig, parseConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";
import type { Config } from "./schema.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parse = (text: string, env: Environment = {}): Config => parseConfig(text, env, "test.yaml").config;

function errorOf(text: string, env: Environment = {}): string {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

const MATH = "mcp_servers:\n  math:\n    mode: subprocess\n    command: node\n";

describe("a valid file", () => {
  it("fills in every default, so that readers need none of their own", () => {
    const config = parse(MATH);
    expect(config.http).toMatchObject({ host: "127.0.0.1", port: 8000, max_body_bytes: 4_194_304 });
    expect(config.execution).toMatchObject({ max_concurrency: 50, default_mcp_server_concurrency: 10 });
    expect(config.mcp_servers.math).toMatchObject({ idle_ttl_s: 300, health_check_interval_s: 60, args: [] });
    expect(config.observability.metrics).toMatchObject({ enabled: true, series_limit: 100_000 });
  });

  it("may be empty, or JSON", () => {
    expect(parse("").mcp_servers).toEqual({});
    expect(parse('{"http": {"port": 1}}').http.port).toBe(1);
  });

  it("takes words of a list in any case", () => {
    expect(parse("logging: {level: DEBUG}").logging.level).toBe("debug");
  });

  it("lets the environment win over the file", () => {
    const env = { MCP_HTTP_PORT: "9001", MCP_HTTP_HOST: "::1", MCP_LOG_LEVEL: "WARNING", MCP_JSON_LOGS: "1" };
    const config = parse("http: {port: 8000}\nlogging: {level: debug}", env);
    expect(config.http).toMatchObject({ port: 9001, host: "::1" });
    expect(config.logging).toMatchObject({ level: "warning", json_format: true });
  });
});

describe("variables in the file", () => {
  const env = { HOME_DIR: "/home/me", PORT: "8123", ON: "true", EMPTY: "", NESTED: "${PORT}" };
  const expand = (value: string): unknown => {
    const { math } = parse(
      `mcp_servers:\n  math:\n    mode: subprocess\n    command: node\n    args: [${value}]\n`,
      env,
    ).mcp_servers;
    return math?.mode === "subprocess" ? math.args[0] : undefined;
  };

  it.each([
    ['"${HOME_DIR}/x"', "/home/me/x"],
    ["'${HOME_DIR}'", "/home/me"],
    ['"${UNSET:-fallback}"', "fallback"],
    ['"${EMPTY:-fallback}"', "fallback"],
    ['"${EMPTY}"', ""],
    ['"${UNSET:-}"', ""],
    ['"$${HOME_DIR}"', "${HOME_DIR}"],
    ['"$HOME_DIR costs $5"', "$HOME_DIR costs $5"],
    ['"${NESTED}"', "${PORT}"],
  ])("%s becomes %j", (written, expanded) => {
    expect(expand(written)).toBe(expanded);
  });

  it("become numbers and booleans where the schema wants them", () => {
    const config = parse("http:\n  port: ${PORT}\nrate_limit:\n  enabled: '${ON}'\n  burst: ${BURST:-7}", env);
    expect(config.http.port).toBe(8123);
    expect(config.rate_limit).toMatchObject({ enabled: true, burst: 7 });
  });

  it("stay text where the schema wants text", () => {
    expect(expand("'${PORT}'")).toBe("8123");
  });

  it("expand in every place that holds text: commands, environment, headers, URLs", () => {
    const text = `
mcp_servers:
  a: {mode: subprocess, command: ["\${HOME_DIR}/bin", "--x"], env: {KEY: "\${PORT}"}, cwd: "\${HOME_DIR}"}
  b: {mode: remote, endpoint: "http://h:\${PORT}/mcp", headers: {x-a: "\${HOME_DIR}"}, auth: {type: bearer, token: "\${PORT}"}}`;
    expect(parse(text, env).mcp_servers).toMatchObject({
      a: { command: ["/home/me/bin", "--x"], env: { KEY: "8123" }, cwd: "/home/me" },
      b: { endpoint: "http://h:8123/mcp", headers: { "x-a": "/home/me" }, auth: { token: "8123" } },
    });
  });

  it("that are not set are errors that name variable, path and line", () => {
    const message = errorOf("mcp_servers:\n  a:\n    mode: remote\n    endpoint: ${WHERE}\n");
    expect(message).toContain("1 problem");
    expect(message).toContain("line 4, mcp_servers.a.endpoint: the environment variable WHERE is not set");
  });

  it("that are written wrongly are errors", () => {
    expect(errorOf("logging: {file: '${not valid}'}")).toContain('"${not valid}" is not ${NAME}');
  });
});

describe("errors", () => {
  it.each([
    ["htpp: {}", "htpp: unknown key; did you mean http?"],
    ["http: {prot: 1}", "line 1, http.prot: unknown key; did you mean port?"],
    ["http: {allowedHosts: []}", "http.allowedHosts: unknown key; did you mean allowed_hosts?"],
    ["observability: {metrics: {serieslimit: 5}}", "unknown key; did you mean series_limit?"],
    ["groups: {}", "groups: unknown key; valid keys: mcp_servers,"],
    [`${MATH}    idle_ttl: 3\n`, "line 5, mcp_servers.math.idle_ttl: unknown key; did you mean idle_ttl_s?"],
    [`${MATH}    endpoint: x\n`, "mcp_servers.math.endpoint: unknown key"],
    ["http: {port: '8000'}", 'http.port: "8000" is not allowed; expected a number'],
    ["http: {port: 99999}", "http.port: 99999 is not allowed; expected at most 65535"],
    ["http: {port: 1.5}", "http.port: 1.5 is not allowed; expected a whole number"],
    ["http: []", "http: a list is not allowed; expected a section"],
    [
      "logging: {level: wanring}",
      '"wanring" is not allowed; expected one of debug, info, warning, error, critical (did you mean warning?)',
    ],
    [
      "mcp_servers: {a: {command: x}}",
      "mcp_servers.a.mode: missing; expected one of subprocess, docker, remote, group",
    ],
    [
      "mcp_servers: {a: {mode: sub-process}}",
      '"sub-process" is not allowed; expected one of subprocess, docker, remote, group (did you mean subprocess?)',
    ],
    ["mcp_servers: {a: {mode: subprocess}}", "mcp_servers.a.command: missing; expected text or a list"],
    ["mcp_servers: {a: {mode: remote, endpoint: 'ftp://x'}}", "expected an http:// or https:// URL"],
    [
      "mcp_servers: {My_Server: {mode: subprocess, command: x}}",
      "mcp_servers.My_Server: not a valid id: 1–63 characters",
    ],
    ["mcp_servers: {a__b: {mode: subprocess, command: x}}", "mcp_servers.a__b: not a valid id"],
    ["mcp_servers: {a_: {mode: subprocess, command: x}}", "mcp_servers.a_: not a valid id"],
    ["mcp_servers: {'': {mode: subprocess, command: x}}", "not a valid id"],
    ["http: {port: 1}\nhttp: {port: 2}", "line 2, http: the key stands here twice"],
    ["http: {port: 1", "line 1: not valid YAML"],
    ["- a", "a list is not allowed; expected a section"],
    ["just text", "is not allowed; expected a section"],
    ["a: 1\n---\nb: 2", "line 2: not valid YAML: several documents in one file; keep one"],
    ["logging: {file: !!js/function 'x'}", "not valid YAML: Unresolved tag"],
  ])("%j is refused: %s", (text, message) => {
    expect(errorOf(text)).toContain(message);
  });

  it("lists problems from top to bottom, unknown keys among the others", () => {
    const lines = errorOf("disco: {}\nhttp: {prt: 1}\nlogging: {level: loud}").matchAll(/line (\d)/g);
    expect([...lines].map(([, line]) => line)).toEqual(["1", "2", "3"]);
  });

  it("lists every problem, each with its line", () => {
    const message = errorOf("http:\n  port: no\n  hots: x\nlogging:\n  level: loud\n");
    expect(message.split("\n")).toHaveLength(4);
    expect(message).toMatch(/test\.yaml: 3 problems\n/);
    for (const line of ["line 2, http.port", "line 3, http.hots", "line 5, logging.level"])
      expect(message).toContain(line);
  });

  it("names the variable when the value came from one", () => {
    expect(errorOf("", { MCP_HTTP_PORT: "many" })).toContain(
      'http.port: MCP_HTTP_PORT: "many" is not allowed; expected a number',
    );
    expect(errorOf("", { MCP_MODE: "htpp" })).toContain(
      'MCP_MODE: "htpp" is not allowed; expected one of stdio, http (did you mean http?)',
    );
  });

  it.each([
    ["mcp_servers: {a: {mode: subprocess, command: x, env: {DB: 12345678}}}"],
    ["mcp_servers: {a: {mode: remote, endpoint: 'http://x', headers: {x: 12345678}}}"],
    ["mcp_servers: {a: {mode: remote, endpoint: 'http://x', auth: {type: bearer, token: 12345678}}}"],
    ["mcp_servers: {a: {mode: remote, endpoint: 'ftp://u:12345678@h/'}}"],
  ])("do not repeat what may be a secret: %s", (text) => {
    expect(errorOf(text)).not.toContain("12345678");
  });

  it("do not repeat the value of a variable with a secret's name", () => {
    expect(errorOf("http:\n  port: ${DB_PASSWORD}", { DB_PASSWORD: "hunter2" })).not.toContain("hunter2");
  });
});

describe("hostile files", () => {
  it("name __proto__ as an unknown key and pollute nothing", () => {
    expect(errorOf("__proto__: {polluted: 1}")).toContain("__proto__: unknown key");
    expect(errorOf("http:\n  __proto__: {port: 1}")).toContain("http.__proto__: unknown key");
    expect(errorOf("logging: {level: DEBUG, __proto__: {file: x}}")).toContain("__proto__: unknown key");
    expect(errorOf("mcp_servers:\n  __proto__: {mode: subprocess, command: x}")).toContain("unknown key");
    expect(errorOf("constructor: 1")).toContain("constructor: unknown key");
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  it("with aliases that grow exponentially are refused in bounded time", () => {
    const levels = Array.from({ length: 30 }, (_, level) =>
      level === 0
        ? "l0: &l0 [x, x, x, x, x, x, x, x]"
        : `l${level}: &l${level} [${Array(8)
            .fill(`*l${level - 1}`)
            .join(", ")}]`,
    );
    const spentMs = cpuTimeMs(() => expect(errorOf(levels.join("\n"))).toMatch(/more than 100000 values/));
    expect(spentMs).toBeLessThan(5_000);
  });

  it("nested without end are refused", () => {
    expect(errorOf(`a: ${"[".repeat(200)}${"]".repeat(200)}`)).toContain("nested deeper than 32 levels");
    expect(errorOf("a: &a [*a]")).toMatch(/nested deeper|not valid YAML/);
  });

  it("gain nothing from merge keys", () => {
    expect(errorOf("logging: &l {level: debug}\nhttp:\n  <<: *l\n")).toContain('http."<<": unknown key');
  });

  it("of many keys, or of many aliases, are read in bounded steps", () => {
    const cpuMs = (text: string): number => {
      const before = process.threadCpuUsage();
      errorOf(text);
      return process.threadCpuUsage(before).user / 1_000;
    };
    const keys = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}: 1`).join("\n");
    const aliases = (count: number): string => `a: &a [1]\nb: [${"*a,".repeat(count)}]\nc: [${"1,".repeat(count)}]`;
    for (const text of [keys, aliases]) {
      cpuMs(text(500));
      expect(cpuMs(text(12_000))).toBeLessThan(8 * cpuMs(text(3_000)) + 100);
    }
  });

  it("may use an alias for a value", () => {
    const config = parse("mcp_servers:\n  a: &a {mode: subprocess, command: x}\n  b: *a\n");
    expect(config.mcp_servers.b).toEqual(config.mcp_servers.a);
  });
});

describe("the file itself", () => {
  it("comes from the argument, else from MCP_CONFIG", () => {
    const [first, second] = [join(folder, "first.yaml"), join(folder, "second.yaml")];
    writeFileSync(first, "http: {port: 1}");
    writeFileSync(second, "http: {port: 2}");
    expect(loadConfig(first, { MCP_CONFIG: second }).config.http.port).toBe(1);
    expect(loadConfig(undefined, { MCP_CONFIG: second })).toMatchObject({
      file: second,
      config: { http: { port: 2 } },
    });
  });

  it("is named with a remedy when it cannot be read", () => {
    expect(() => loadConfig(join(folder, "none.yaml"), {})).toThrow(
      /none\.yaml.*\n.*does not exist; name another with --config/,
    );
    expect(() => loadConfig(folder, {})).toThrow(/a folder, not a file/);
    const binary = join(folder, "binary.yaml");
    writeFileSync(binary, Buffer.from([0x61, 0xff, 0xfe]));
    expect(() => loadConfig(binary, {})).toThrow(/not UTF-8/);
    const huge = join(folder, "huge.yaml");
    writeFileSync(huge, "#".repeat(5_000_000));
    expect(() => loadConfig(huge, {})).toThrow(/larger than 4194304 bytes/);
  });
});

describe("a variable that went into the configuration", () => {
  it("is hidden by its value from then on, unless it says by its shape that it is no secret", () => {
    const env = { PLACE: "swordfish-77", HOST: "search.example.com", LEVEL: "info", DB_PASS: "/p4th/like" };
    parse(
      `mcp_servers: { a: { mode: subprocess, command: [x, "\${PLACE}", "\${HOST}", "\${LEVEL}", "\${DB_PASS}"] } }`,
      env,
    );
    expect(redactText("swordfish-77 at search.example.com, info, /p4th/like")).toBe(
      "[redacted] at search.example.com, info, [redacted]",
    );
  });
});
