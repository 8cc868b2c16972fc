import { readFile } from "node:fs/promises";
import { runProcess } from "@mcp-hangar/testing";
import { LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { expect, test } from "vitest";
import { EVERYTHING } from "../src/harness/upstreams.ts";

const QUICK_START = new URL("langfuse-quick-start.ts", import.meta.url);
const README = new URL("../../../packages/langfuse/README.md", import.meta.url);

test("the README of the exporter shows the quick start that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all([README, QUICK_START].map((url) => readFile(url, "utf8")));
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the quick start sends a call with its trace, user and session, and its content masked", async () => {
  const receiver = await LangfuseReceiver.start();
  try {
    const { publicKey, secretKey } = LangfuseReceiver;
    const { stdout, stderr, code } = await runProcess({
      command: process.execPath,
      args: ["--conditions=@mcp-hangar/source", QUICK_START.pathname, process.execPath, EVERYTHING],
      env: { LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey, LANGFUSE_HOST: receiver.url },
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [keys = "", accounts = ""] = stdout.split("\n");
    expect(JSON.parse(keys)).toEqual({ kind: "accepted", projects: ["demo"] });
    expect(JSON.parse(accounts)).toMatchObject({ delivered: 2, queueSize: 0 });
    expect(receiver.refusals).toEqual([]);
    const call = receiver.spans.find(({ name }) => name === "everything/echo");
    expect(call?.traceId).toBe("9abc96727e52cd98fd35e85d63efb366");
    expect(call?.attributes).toMatchObject({
      "user.id": "user-123",
      "session.id": "session-456",
      "langfuse.observation.input": '{"message":"[card]"}',
      "langfuse.observation.level": "DEFAULT",
    });
    expect(receiver.raw.join("\n")).not.toContain("4111111111111111");
  } finally {
    await receiver.close();
  }
});
