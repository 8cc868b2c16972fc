import type { Command } from "@mcp-hangar/testing";
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as TransportV1 } from "@modelcontextprotocol/sdk/shared/transport.js";

/** The official clients: SDK v1, SDK v2 as it is by default, and SDK v2 that prefers the modern era. */
export const CLIENT_KINDS = ["sdk v1", "sdk v2 legacy", "sdk v2 auto"] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

/** Where a server is: behind a URL, or a process that speaks over its pipes. */
export type Address = string | Command;

/** A listed tool, prompt or resource. */
interface Listed {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** A tool's answer as the client gave it. */
interface ToolResult {
  readonly content?: unknown;
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

/** Progress as it arrived. */
interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** What may accompany a call. */
interface CallOptions {
  readonly onprogress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** `_meta` of the request, such as a trace context. */
  readonly meta?: Record<string, unknown>;
}

/** A notification that no handler of the SDK took. */
interface ReceivedNotification {
  readonly method: string;
  readonly params?: unknown;
}

/** One face of both SDK generations, so that a test runs with each. Errors are the SDK's own, with `code`. */
export interface McpClient extends AsyncDisposable {
  readonly protocolVersion: string | undefined;
  readonly notifications: readonly ReceivedNotification[];
  tools(): Promise<readonly Listed[]>;
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  prompts(): Promise<readonly Listed[]>;
  prompt(name: string, args?: Record<string, string>): Promise<readonly unknown[]>;
  resources(): Promise<readonly (Listed & { readonly uri: string })[]>;
  templates(): Promise<readonly (Listed & { readonly uriTemplate: string })[]>;
  read(uri: string): Promise<readonly unknown[]>;
  complete(
    prompt: string,
    argument: { name: string; value: string },
    context?: Record<string, string>,
  ): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  setLogLevel(level: "debug" | "info" | "warning" | "error"): Promise<unknown>;
  ping(): Promise<unknown>;
}

/** What a client declares that it can do for a server. */
interface Capabilities {
  readonly sampling?: Record<string, never>;
  readonly elicitation?: { readonly form: Record<string, never>; readonly url: Record<string, never> };
  readonly roots?: Record<string, never>;
}

/** Answers what a server asks; without it, clients only declare that they can. */
export type AnswerServer = (method: string, params: unknown) => Record<string, unknown>;

const INFO = { name: "hangar-e2e", version: "1.0.0" };

/** Connects an official client. */
export function connect(
  kind: ClientKind,
  address: Address,
  capabilities: Capabilities = {},
  answer?: AnswerServer,
): Promise<McpClient> {
  if (kind === "sdk v1") return connectV1(address, capabilities, answer);
  return connectV2(kind === "sdk v2 auto" ? "auto" : "legacy", address, capabilities, answer);
}

async function connectV1(
  address: Address,
  capabilities: Capabilities,
  answer: AnswerServer | undefined,
): Promise<McpClient> {
  const client = new ClientV1(INFO, { capabilities });
  if (answer) client.fallbackRequestHandler = async ({ method, params }) => answer(method, params);
  const notifications: ReceivedNotification[] = [];
  client.fallbackNotificationHandler = async (notification) => {
    notifications.push(notification);
  };
  const wire = watchedFetch();
  const transport =
    typeof address === "string" ? new HttpV1(new URL(address), wire) : new StdioV1(stdioParameters(address));
  // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
  await client.connect(transport as TransportV1);
  if (transport instanceof HttpV1) await wire.listens();
  return {
    ...face(client, notifications),
    protocolVersion: transport instanceof HttpV1 ? transport.protocolVersion : undefined,
    call: (name, args = {}, { meta, ...options } = {}) =>
      client.callTool({ name, arguments: args, _meta: meta }, undefined, options) as Promise<ToolResult>,
    async [Symbol.asyncDispose]() {
      if (transport instanceof HttpV1) await transport.terminateSession();
      await client.close();
    },
  };
}

async function connectV2(
  mode: "legacy" | "auto",
  address: Address,
  capabilities: Capabilities,
  answer: AnswerServer | undefined,
): Promise<McpClient> {
  const client = new ClientV2(INFO, { capabilities, versionNegotiation: { mode } });
  if (answer) client.fallbackRequestHandler = async ({ method, params }) => answer(method, params);
  const notifications: ReceivedNotification[] = [];
  client.fallbackNotificationHandler = async (notification) => {
    notifications.push(notification);
  };
  const wire = watchedFetch();
  const transport =
    typeof address === "string" ? new HttpV2(new URL(address), wire) : new StdioV2(stdioParameters(address));
  await client.connect(transport);
  // In the modern era there is no such stream.
  const legacy = (client.getNegotiatedProtocolVersion() ?? "") < "2026";
  if (transport instanceof HttpV2 && legacy) await wire.listens();
  return {
    ...face(client, notifications),
    protocolVersion: client.getNegotiatedProtocolVersion(),
    call: (name, args = {}, { meta, ...options } = {}) =>
      client.callTool({ name, arguments: args, ...(meta !== undefined && { _meta: meta }) }, options),
    async [Symbol.asyncDispose]() {
      // `close` leaves a session of the legacy era to the server, which keeps it for an hour.
      if (transport instanceof HttpV2 && transport.sessionId !== undefined) await transport.terminateSession();
      await client.close();
    },
  };
}

type Face = Omit<McpClient, "protocolVersion" | "call" | typeof Symbol.asyncDispose>;

/** The methods that both generations have with the same shapes. */
function face(client: ClientV1 | ClientV2, notifications: readonly ReceivedNotification[]): Face {
  return {
    notifications,
    // The SDK v2 drops `execution`, which the modern era does not have, when it speaks that era.
    tools: async () =>
      (await client.listTools()).tools.map(({ execution: _execution, ...tool }: Listed) => tool as Listed),
    prompts: async () => (await client.listPrompts()).prompts,
    prompt: async (name, args) =>
      (await client.getPrompt({ name, ...(args !== undefined && { arguments: args }) })).messages,
    resources: async () => (await client.listResources()).resources,
    templates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: async (uri) => (await client.readResource({ uri })).contents,
    complete: async (name, argument, context) => {
      const ref = { type: "ref/prompt" as const, name };
      const given = context === undefined ? {} : { context: { arguments: context } };
      return (await client.complete({ ref, argument, ...given })).completion;
    },
    subscribe: (uri) => client.subscribeResource({ uri }),
    setLogLevel: (level) => client.setLoggingLevel(level),
    ping: () => client.ping(),
  };
}

/**
 * The official clients open their stream for what servers say unasked in the background; what a server logs before is
 * lost. `listens` resolves when that request has been answered, with a stream or with a refusal.
 */
function watchedFetch(): { readonly fetch: typeof fetch; readonly listens: () => Promise<void> } {
  const answered = Promise.withResolvers<void>();
  return {
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if ((init?.method ?? "GET").toUpperCase() === "GET") answered.resolve();
      return response;
    },
    listens: () => answered.promise,
  };
}

function stdioParameters({ command, args, env, cwd }: Command): {
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd?: string;
  stderr: "ignore";
} {
  return { command, args: [...args], env: { ...env }, stderr: "ignore", ...(cwd !== undefined && { cwd }) };
}
