import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { JsonRpcNotification } from "../../src/protocol/json-rpc.ts";
import type { UpstreamSession } from "../../src/transports/session.ts";
import { call, open, textOf } from "./harness.ts";

const everything = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/package.json"));
const filesystem = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-filesystem/package.json"));

/** The program of a published server, by its manifest. */
async function programOf(manifest: string): Promise<string> {
  const { bin } = JSON.parse(await readFile(manifest, "utf8")) as { bin: Record<string, string> };
  const [file = ""] = Object.values(bin);
  return join(dirname(manifest), file);
}

async function toolNames(session: UpstreamSession): Promise<string[]> {
  const reply = await session.request({ method: "tools/list", params: {}, signal: undefined, trace: {} });
  if (reply.kind !== "result") throw new Error(JSON.stringify(reply));
  return (reply.result.value.tools as { name: string }[]).map(({ name }) => name);
}

test("server-everything: tools, progress, errors, and a question to the caller", async () => {
  const { session } = await open({
    command: [process.execPath, await programOf(everything), "stdio"],
  });
  expect(session.peer).toMatchObject({ era: "legacy", info: { name: "mcp-servers/everything" } });
  expect(await toolNames(session)).toEqual(expect.arrayContaining(["echo", "get-sum", "trigger-sampling-request"]));
  expect(textOf(await call(session, "echo", { message: "grüße" }))).toBe("Echo: grüße");
  expect(textOf(await call(session, "get-sum", { a: 2, b: 3 }))).toBe("The sum of 2 and 3 is 5.");

  const heard: JsonRpcNotification[] = [];
  await call(
    session,
    "trigger-long-running-operation",
    { duration: 0.2, steps: 2 },
    {
      params: { _meta: { progressToken: 77 } },
      onNotification: (notification) => heard.push(notification),
    },
  );
  const progress = heard.filter(({ method }) => method === "notifications/progress").map(({ params }) => params);
  expect(progress).toEqual([
    { progressToken: 77, progress: 1, total: 2 },
    { progressToken: 77, progress: 2, total: 2 },
  ]);

  const sampled = await call(
    session,
    "trigger-sampling-request",
    { prompt: "Hello", maxTokens: 10 },
    {
      onServerRequest: async ({ method }) => ({
        kind: "result",
        result: { model: "m", role: "assistant", content: { type: "text", text: `answer to ${method}` } },
      }),
    },
  );
  expect(textOf(sampled)).toContain("answer to sampling/createMessage");

  const wrong = await call(session, "get-sum", { a: "no number" });
  expect(wrong.kind === "result" && wrong.result.isError).toBe(true);
  await session.close();
});

test("server-filesystem: reads and writes in the folder it was given", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mcp-hangar-files-")));
  try {
    const { session } = await open({
      command: [process.execPath, await programOf(filesystem), folder],
    });
    const path = join(folder, "note.txt");
    const content = "x".repeat(100_000);
    expect(await toolNames(session)).toContain("read_text_file");
    await call(session, "write_file", { path, content });
    expect(await readFile(path, "utf8")).toBe(content);
    expect(textOf(await call(session, "read_text_file", { path }))).toBe(content);
    const outside = await call(session, "read_text_file", { path: "/etc/passwd" });
    expect(outside.kind === "result" && outside.result.isError).toBe(true);
    await session.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
