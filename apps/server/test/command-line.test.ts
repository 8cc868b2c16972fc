import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILE_CACHE, killProcesses, runHangar, startHangar } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-cli-"));
const file = join(folder, "config.yaml");
const SLOW = fileURLToPath(new URL("slow-server.ts", import.meta.url));
let url: string;

beforeAll(async () => {
  const servers = {
    slow: {
      mode: "subprocess",
      command: [process.execPath, "--disable-warning=ExperimentalWarning", SLOW],
      env: COMPILE_CACHE,
    },
  };
  writeFileSync(file, JSON.stringify({ mcp_servers: servers }));
  const hangar = await startHangar(["serve", "--http", "--port", "0", "--config", file]);
  url = String((await hangar.event("http_listening")).url);
});
afterAll(() => {
  killProcesses();
  rmSync(folder, { recursive: true, force: true });
});

describe("mcp-hangar", () => {
  it.each([
    [["--help"]],
    [["serve", "--help"]],
    [["status", "--help"]],
    [["start", "--help"]],
    [["stop", "--help"]],
    [["call", "--help"]],
    [["config", "check", "--help"]],
    [["config", "reload", "--help"]],
    [["keys", "create", "--help"]],
    [["keys", "list", "--help"]],
    [["keys", "revoke", "--help"]],
    [["audit", "verify", "--help"]],
    [["audit", "tail", "--help"]],
    [["audit", "search", "--help"]],
    [["audit", "export", "--help"]],
    [["audit", "replay", "--help"]],
  ])("%j shows examples", async (args) => {
    const { code, stdout } = await runCommand(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}\$ mcp-hangar /);
  });

  it("--version prints the version of the package", async () => {
    expect(await runHangar(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it("ends with code 1 and what is wrong on stderr, as a process too", async () => {
    const outcome = await runHangar(["serv"]);
    expect(outcome).toMatchObject({ ...(await runCommand(["serv"])), code: 1, stdout: "" });
  });

  it.each([
    [["serv"], "Did you mean serve?"],
    [["serve", "--prot", "1"], "Did you mean --port?"],
    [["serve", "--port", "99999"], "A port is a number from 0 to 65535."],
    [["call", "slow"], "missing required argument 'tool'"],
    [["call", "slow", "echo", "--args", "{a:1}"], "This is not JSON"],
    [["call", "slow", "echo", "--args", "[1]"], "Write a JSON object"],
    [["status", "--url", "localhost:8000"], "Write it as http://host:port."],
  ])("%j is refused: %s", async (args, message) => {
    const { code, stderr } = await runCommand(args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("config check", () => {
  it("says what a valid file holds", async () => {
    expect(await runCommand(["config", "check", file])).toMatchObject({
      code: 0,
      stdout: `${file}: valid, 1 server: slow\n`,
      stderr: "",
    });
    expect(await runCommand(["config", "check"], { MCP_CONFIG: file })).toMatchObject({ code: 0 });
  });

  it("lists every problem with line and path", async () => {
    const broken = join(folder, "broken.yaml");
    writeFileSync(broken, "http:\n  prot: 1\nlogging:\n  level: loud\n");
    const { code, stdout, stderr } = await runCommand(["config", "check", broken]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("2 problems");
    expect(stderr).toContain("line 2, http.prot: unknown key; did you mean port?");
    expect(stderr).toContain('line 4, logging.level: "loud" is not allowed');
  });

  it.each([
    [{ OTEL_TRACES_SAMPLER: "sometimes" }, ["observability.tracing: OTEL_TRACES_SAMPLER is"]],
    [
      { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "7" },
      ['tracing: OTEL_TRACES_SAMPLER_ARG is "7"; a ratio is a number from 0 to 1'],
    ],
    [
      { OTEL_EXPORTER_OTLP_TIMEOUT: "10s" },
      ["tracing: OTEL_EXPORTER_OTLP_TIMEOUT", "otlp_audit: OTEL_EXPORTER_OTLP_TIMEOUT"],
    ],
    [{ OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "carrier" }, ["otlp_audit: OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"]],
    [{ OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "zip" }, ["tracing: OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"]],
    [{ OTEL_EXPORTER_OTLP_HEADERS: "a=b,hidden" }, ["OTEL_EXPORTER_OTLP_HEADERS: entry 2 is not key=value"]],
  ])("says of %j what the start says", async (variables, says) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", ...variables };
    const checked = await runCommand(["config", "check", file], env);
    expect({ code: checked.code, stdout: checked.stdout }).toEqual({ code: 1, stdout: "" });
    for (const text of says) expect(checked.stderr).toContain(text);
    expect(checked.stderr).not.toContain("hidden");
    const started = await runHangar(["serve", "--http", "--port", "0", "--config", file], env);
    const message = /observability\.\w+: (.*)$/m.exec(checked.stderr)?.[1];
    expect(message?.length).toBeGreaterThan(20);
    // There it may stand within JSON.
    expect({ code: started.code, said: started.stderr.replaceAll('\\"', '"') }).toEqual({
      code: 1,
      said: expect.stringContaining(message ?? "") as unknown,
    });
    // Nobody asks for what is not sent anywhere.
    expect(await runCommand(["config", "check", file], { ...variables })).toMatchObject({ code: 0 });
  });

  it("says what is left out and does no harm to the start", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_RESOURCE_ATTRIBUTES: "a=b,nothing" };
    expect(await runCommand(["config", "check", file], env)).toMatchObject({
      code: 0,
      stdout: `${file}: valid, 1 server: slow\n  OTEL_RESOURCE_ATTRIBUTES is left out: entry 2 is not key=value with percent-encoding\n`,
    });
  });
});

describe("call", () => {
  it.each([
    ["a running gateway", () => ["--url", url]],
    ["a server of its own", () => ["--config", file]],
  ])("of %s prints content, the whole result, and fails with the tool", async (_target, target) => {
    const args = ["--args", '{"a":[1,"ü"]}'];
    expect(await runCommand(["call", "slow", "echo", ...args, ...target()])).toEqual({
      code: 0,
      stdout: '{"a":[1,"ü"]}\n',
      stderr: "",
    });
    const whole = await runCommand(["call", "slow", "echo", "--json", ...target()]);
    expect(JSON.parse(whole.stdout)).toMatchObject({ content: [{ type: "text", text: "{}" }] });
    expect(await runCommand(["call", "slow", "fail", ...target()])).toEqual({
      code: 1,
      stdout: "it failed\n",
      stderr: "",
    });
    const unknown = await runCommand(["call", "slow", "none", ...target()]);
    expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining('unknown tool "none"') });
  });

  it("names the servers there are when the configuration has no such server", async () => {
    const { code, stderr } = await runCommand(["call", "none", "echo", "--config", file]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'mcp-hangar: the configuration has no server "none"; it has: slow\n',
    });
  });

  it("says that nothing listens when nothing does", async () => {
    const { code, stderr } = await runCommand(["call", "slow", "echo", "--url", "http://127.0.0.1:1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/refused/i);
  });
});

describe("status", () => {
  it("shows a table, and JSON for programs", async () => {
    const shown = await runCommand(["status", "--url", url]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^MCP Hangar \d+\.\d+\.\d+ at http:\/\/127\.0\.0\.1:\d+: healthy, up /);
    expect(shown.stdout).toMatch(/^slow {2,}subprocess {2,}\w+ {2,}closed/m);
    const json = await runCommand(["status", "--json", "--url", `${url}/mcp`]);
    expect(JSON.parse(json.stdout)).toMatchObject({ url, status: "healthy", mcp_servers: [{ id: "slow" }] });
  });

  it("finds the gateway by the environment", async () => {
    expect((await runCommand(["status"], { MCP_HTTP_PORT: new URL(url).port })).code).toBe(0);
  });

  it("says what is wrong when nothing or something else answers", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => gone.once("listening", resolve));
    const free = (gone.address() as AddressInfo).port;
    await new Promise((resolve) => gone.close(resolve));
    const nothing = await runCommand(["status", "--url", `http://127.0.0.1:${free}`]);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toMatch(
      /nothing listens at http:\/\/127\.0\.0\.1:\d+; start a gateway with mcp-hangar serve --http/,
    );
    const other = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const foreign = await runCommand(["status", "--url", `http://127.0.0.1:${port}`]);
    other.close();
    expect(foreign).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is not an MCP Hangar gateway (HTTP 200)"),
    });
  });
});

describe("a reader that has seen enough", () => {
  it.each([[["serve", "--help"]], [["keys", "creat", "--help"]], [["status", "--json", "--url"]]])(
    "is no error of %j",
    async (args) => {
      await using reading = await startHangar(args.at(-1) === "--url" ? [...args, url] : args);
      reading.closeStdout();
      const { signal } = await reading.exited;
      expect([signal, reading.stderr()]).toEqual([null, ""]);
    },
  );
});
