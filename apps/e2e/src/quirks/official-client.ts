import type { Command } from "@mcp-hangar/testing";
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as HttpV2,
  SSEClientTransport as SseV2,
} from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport as SseV1 } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as TransportV1 } from "@modelcontextprotocol/sdk/shared/transport.js";

/** The two generations of the official client, as they are without any settings. */
export type Generation = "SDK v1" | "SDK v2";

/** Where a server is: at a URL over Streamable HTTP, at one over HTTP+SSE, or a process. */
export type StrangeAddress = string | { readonly sse: string } | Command;

/** What is tried: to find a tool in the list, and to call it. */
export interface Trial {
  readonly tool: string;
  /** How often it is called; each time it must work. */
  readonly calls?: number;
  /** Milliseconds for each request. */
  readonly timeout: number;
}

/** Whether a server works with an official client; if not, what the client says of it. Never rejects. */
export async function works(generation: Generation, address: StrangeAddress, trial: Trial): Promise<true | string> {
  const { tool, calls = 1, timeout } = trial;
  const client = generation === "SDK v1" ? clientV1(address, timeout) : clientV2(address, timeout);
  try {
    await client.connect();
    if (!(await client.list()).includes(tool)) return "the tool is not listed";
    for (let call = 0; call < calls; call++) {
      const content = JSON.stringify(await client.call(tool));
      if (content !== '[{"type":"text","text":"ok"}]') return `another answer: ${content}`;
    }
    return true;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.close().catch(() => undefined);
  }
}

interface Face {
  connect(): Promise<void>;
  list(): Promise<readonly string[]>;
  call(name: string): Promise<unknown>;
  close(): Promise<void>;
}

const INFO = { name: "quirks", version: "1.0.0" };

function clientV1(address: StrangeAddress, timeout: number): Face {
  const client = new ClientV1(INFO);
  const transport =
    typeof address === "string"
      ? new HttpV1(new URL(address))
      : "sse" in address
        ? new SseV1(new URL(address.sse))
        : new StdioV1({ ...programOf(address), stderr: "ignore" });
  return {
    // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
    connect: () => client.connect(transport as TransportV1, { timeout }),
    list: async () => (await client.listTools(undefined, { timeout })).tools.map(({ name }) => name),
    call: async (name) => (await client.callTool({ name, arguments: {} }, undefined, { timeout })).content,
    close: () => client.close(),
  };
}

function clientV2(address: StrangeAddress, timeout: number): Face {
  const isSse = typeof address === "object" && "sse" in address;
  const client = new ClientV2(INFO, { versionNegotiation: { mode: isSse ? "legacy" : "auto" } });
  const transport =
    typeof address === "string"
      ? new HttpV2(new URL(address))
      : "sse" in address
        ? new SseV2(new URL(address.sse))
        : new StdioV2({ ...programOf(address), stderr: "ignore" });
  return {
    connect: () => client.connect(transport, { timeout }),
    list: async () => (await client.listTools(undefined, { timeout })).tools.map(({ name }) => name),
    call: async (name) => (await client.callTool({ name, arguments: {} }, { timeout })).content,
    close: () => client.close(),
  };
}

function programOf({ command, args, env }: Command): { command: string; args: string[]; env: Record<string, string> } {
  return { command, args: [...args], env: { ...env } };
}
