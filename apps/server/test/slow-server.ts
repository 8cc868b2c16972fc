import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

/** A small legacy MCP server over stdio, written by hand so that the tests have an upstream that depends on nothing. */
const tools = ["echo", "fail", "sleep"].map((name) => ({ name, inputSchema: { type: "object" } }));

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly _meta?: { readonly progressToken?: unknown };
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  // The gateway is trusted to send JSON-RPC.
  const message = JSON.parse(line) as Message;
  void answer(message).then((result) => {
    if (message.id === undefined) return;
    const body = result === undefined ? { error: { code: -32_601, message: "unknown method" } } : { result };
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, ...body })}\n`);
  });
}

async function answer({ method, params }: Message): Promise<unknown> {
  switch (method) {
    case "initialize":
      return { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "slow", version: "1" } };
    case "tools/list":
      return { tools };
    case "ping":
      return {};
    case "tools/call":
      report(params?._meta?.progressToken);
      return call(params?.name, params?.arguments ?? {});
    default:
      return undefined;
  }
}

/** Whoever asks for reports of progress gets one at once. */
function report(progressToken: unknown): void {
  if (progressToken === undefined) return;
  const params = { progressToken, progress: 1 };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params })}\n`);
}

async function call(name: string | undefined, args: Readonly<Record<string, unknown>>): Promise<unknown> {
  if (name === "sleep") {
    process.stderr.write("sleeping\n");
    await setTimeout(Number(args.ms));
  }
  const text = name === "fail" ? "it failed" : JSON.stringify(args);
  return { content: [{ type: "text", text }], isError: name === "fail" };
}
