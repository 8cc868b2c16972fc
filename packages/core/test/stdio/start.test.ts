import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll, processesMarked } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StartError } from "../../src/transports/session.ts";
import { call, fixture, open, Recorder, startError, textOf, transportFor } from "./harness.ts";

const odd = (...args: string[]): string[] => [process.execPath, fixture("odd-server.mjs"), ...args];
const never = new AbortController().signal;

describe("a start that fails says why and what to do", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-hangar-start-"));
    await writeFile(join(folder, "plain.txt"), "no program");
    await writeFile(join(folder, "no-interpreter"), "#!/no/such/interpreter\n");
    await chmod(join(folder, "no-interpreter"), 0o755);
    await writeFile(join(folder, "broken.py"), "import no_such_module_at_all\n");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each<[string, () => string[], string, RegExp]>([
    [
      "an unknown program",
      () => ["no-such-program-at-all"],
      "command_not_found",
      /"no-such-program-at-all" in PATH .*Install it/,
    ],
    ["a missing file", () => ["/no/such/file"], "command_not_found", /there is no file \/no\/such\/file/],
    [
      "a command with its arguments in one string",
      () => ["node server.mjs"],
      "command_not_found",
      /put its arguments in "args"/,
    ],
    ["a file without the right to run", () => [join(folder, "plain.txt")], "not_executable", /chmod \+x/],
    [
      "a script without its interpreter",
      () => [join(folder, "no-interpreter")],
      "command_not_found",
      /interpreter is missing/,
    ],
    [
      "a missing module of Node.js",
      () => [process.execPath, join(folder, "missing.mjs")],
      "module_missing",
      /missing\.mjs/,
    ],
    ["a server that exits", () => odd("exits", "3"), "exited", /exited with code 3 .*\nFATAL: no licence/],
    ["a server that exits without an error", () => odd("exits", "0"), "exited", /exited with code 0/],
    ["a server that is killed for want of memory", () => odd("killed", "SIGKILL"), "killed", /137.*out-of-memory/],
    ["a server that crashes with a signal", () => odd("killed", "SIGSEGV"), "killed", /SIGSEGV/],
    ["a program that is no server", () => ["echo", "hello"], "not_mcp", /stdio mode/],
    ["a server that refuses", () => odd("refuses"), "handshake_refused", /no API key \(-32000\)/],
    ["a server of an unknown revision", () => odd("version", "1999-12-31"), "unsupported_version", /1999-12-31 only/],
    ["a server that answers nonsense", () => odd("malformed"), "not_mcp", /protocolVersion/],
  ])("%s", async (_name, command, code, words) => {
    const error = await startError({ command: command() });
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toMatch(new RegExp(words, "s"));
    expect(error.code).toBe(code);
  });

  test("a missing module of Python", { tags: ["python3"] }, async () => {
    const error = await startError({ command: ["python3", join(folder, "broken.py")] });
    expect(error.code).toBe("module_missing");
    expect(error.message).toMatch(/'no_such_module_at_all'/);
  });

  test("a missing working directory", async () => {
    const error = await startError({ command: ["node"], cwd: join(folder, "missing") });
    expect(error).toMatchObject({ code: "cwd_missing", message: expect.stringContaining(join(folder, "missing")) });
  });

  test("a variable that no shell hands on", async () => {
    expect(await startError({ command: ["node"], env: { "a.b": "c" } })).toMatchObject({
      code: "invalid_options",
      option: "env.a.b",
    });
  });

  test("more arguments than the system takes", async () => {
    const error = await startError({ command: ["node", ...Array.from({ length: 60 }, () => "x".repeat(100_000))] });
    expect(error).toMatchObject({ code: "spawn_failed", message: expect.stringContaining("E2BIG") });
  });

  test("an argument that is too long by itself", { tags: ["linux"] }, async () => {
    const error = await startError({ command: ["node", "x".repeat(200_000)] });
    expect(error).toMatchObject({ code: "invalid_options", option: "command.1" });
  });

  test("a system on which groups of processes cannot be supervised", async () => {
    const { nodePlatform } = await import("../../src/platform/node-platform.ts");
    const error = await startError({ command: ["node"], context: { platform: { ...nodePlatform, os: "win32" } } });
    expect(error.code).toBe("platform_unsupported");
  });

  test.each([
    ["silent", "timeout", "waiting for a database"],
    ["garbage", "not_mcp", "2 lines to stdout"],
  ])("a server that never answers (%s), with the reason of whoever gave up", async (name, code, words) => {
    const marker = `marker-${name}-${process.pid}`;
    const abort = new AbortController();
    const recorder = new Recorder();
    const transport = transportFor({ command: odd(name, marker), limits: { probeTimeoutMs: 50 } });
    const opening = transport.open(recorder, abort.signal).catch((error: unknown) => error);
    await poll("first words", () => recorder.logs.length >= (name === "silent" ? 1 : 2));
    abort.abort(new StartError("timeout", "not ready after 30 s."));
    const error = await opening;
    expect(error).toMatchObject({ code, message: expect.stringContaining("not ready after 30 s.") });
    expect(error).toMatchObject({ message: expect.stringContaining(words) });
    expect(processesMarked(marker)).toEqual([]);
    expect(recorder.closed).toEqual([]);
  });

  test("a start that was given up before it began starts nothing", async () => {
    const error = await startError({ command: odd("silent") }, AbortSignal.abort(new StartError("stopped", "stopped")));
    expect(error).toMatchObject({ code: "stopped", message: "stopped" });
  });
});

test("a server that exits on an unknown request is started again and initialized at once", async () => {
  const { session, recorder, transport } = await open({ command: odd("fragile") });
  expect(session.peer).toMatchObject({ era: "legacy", info: { name: "odd" } });
  expect(recorder.closed).toEqual([]);
  await session.close();
  // The second time nothing is tried out: the number of messages shows it.
  const again = new Recorder();
  const second = await transport.open(again, never);
  expect(again.messages).toEqual(["sent request", "received response", "sent notification"]);
  await second.close();
});

test("a server that swallows unknown requests is initialized after the probe has timed out", async () => {
  const { session } = await open({ command: odd("mute"), limits: { probeTimeoutMs: 100 } });
  expect(session.peer.era).toBe("legacy");
  await session.close();
});

test("servers of the oldest revision are served", async () => {
  const { session } = await open({ command: odd("version", "2024-11-05") });
  expect(session.peer.protocolVersion).toBe("2024-11-05");
  await session.close();
});

describe("a server of the modern era", () => {
  const command = [process.execPath, fixture("modern-server.mjs")];

  test("is recognised at the first start and at the next", async () => {
    const { session, transport } = await open({ command });
    expect(session.peer).toMatchObject({
      era: "modern",
      protocolVersion: "2026-07-28",
      info: { name: "modern", version: "2.0.0" },
      capabilities: { tools: { listChanged: true } },
      instructions: "Be modern.",
    });
    await session.close();
    const second = await transport.open(new Recorder(), never);
    expect(second.peer.era).toBe("modern");
    await second.close();
  });

  test("gets the envelope that its revision demands, with the capabilities of the caller", async () => {
    const { session } = await open({ command });
    const reply = await call(
      session,
      "echo",
      { text: "grüße" },
      {
        params: { _meta: { custom: true } },
        trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "a=b" },
        clientCapabilities: { elicitation: {} },
      },
    );
    expect(textOf(reply)).toBe("grüße");
    if (reply.kind !== "result") throw new Error(reply.kind);
    expect(reply.result.resultType).toBe("complete");
    const { envelope, meta } = reply.result.value.structuredContent as { envelope: object; meta: object };
    expect(envelope).toMatchObject({
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "mcp-hangar", version: "1.2.3" },
      "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
    });
    expect(meta).toMatchObject({ custom: true, tracestate: "a=b" });
    await session.close();
  });

  test("sends what a subscription is about to the request that subscribed", async () => {
    const { session, recorder } = await open({ command });
    const heard: unknown[] = [];
    const abort = new AbortController();
    const subscription = session.request({
      method: "subscriptions/listen",
      params: { notifications: { toolsListChanged: true } },
      signal: abort.signal,
      trace: {},
      onNotification: (notification) => heard.push(notification),
    });
    await poll("acknowledgement", () => heard.length === 1);
    await call(session, "add");
    await poll("change", () => heard.length === 2);
    expect(heard).toEqual([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { toolsListChanged: true }, _meta: {} },
      },
      { method: "notifications/tools/list_changed", params: { _meta: {} } },
    ]);
    expect(recorder.notifications).toEqual([]);
    abort.abort();
    expect(await subscription).toMatchObject({ kind: "failed", errorType: "aborted" });
    await session.close();
  });
});
