import { fileURLToPath } from "node:url";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import type { JsonRpcNotification, JsonRpcRequest } from "../../src/protocol/json-rpc.ts";
import type {
  ServerRequestReply,
  SessionObserver,
  Transport,
  UpstreamReply,
  UpstreamSession,
} from "../../src/transports/session.ts";
import { type StdioContext, stdioTransport } from "../../src/transports/stdio/index.ts";
import type { StdioLimits } from "../../src/transports/stdio/limits.ts";

/** Path of a program in the folder of fixtures. */
export const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

/** An observer that keeps what it hears. */
export class Recorder implements SessionObserver {
  readonly notifications: JsonRpcNotification[] = [];
  readonly requests: JsonRpcRequest[] = [];
  readonly logs: string[] = [];
  readonly closed: string[] = [];
  readonly messages: string[] = [];

  onNotification(notification: JsonRpcNotification): void {
    this.notifications.push(notification);
  }

  async onServerRequest(request: JsonRpcRequest): Promise<ServerRequestReply> {
    this.requests.push(request);
    return { kind: "result", result: { from: "observer" } };
  }

  onClosed({ message }: { message: string }): void {
    this.closed.push(message);
  }

  onLog(line: string): void {
    this.logs.push(line);
  }

  onMessage(direction: string, kind: string): void {
    this.messages.push(`${direction} ${kind}`);
  }
}

/** Short times, so that servers that have to be killed do not hold up the tests. */
const QUICK: Partial<StdioLimits> = {
  probeTimeoutMs: 2_000,
  stop: { eofMs: 300, termMs: 300 },
  abandon: { eofMs: 0, termMs: 300 },
};

export interface Setup {
  readonly command: string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly as?: { readonly user: string | number; readonly group?: string | number };
  readonly context?: Partial<StdioContext>;
  readonly limits?: Partial<StdioLimits>;
}

/** A transport on the real machine. */
export function transportFor({ command, env = {}, cwd, as, context, limits }: Setup): Transport {
  return stdioTransport(
    { command, args: [], env, ...(cwd === undefined ? {} : { cwd }), ...as },
    {
      platform: nodePlatform,
      id: "under-test",
      info: { name: "mcp-hangar", version: "1.2.3" },
      limits: { ...QUICK, ...limits },
      ...context,
    },
  );
}

/** Opens a session; the test closes it. */
export async function open(
  setup: Setup,
): Promise<{ session: UpstreamSession; recorder: Recorder; transport: Transport }> {
  const recorder = new Recorder();
  const transport = transportFor(setup);
  return { session: await transport.open(recorder, new AbortController().signal), recorder, transport };
}

/** Why a start fails. */
export async function startError(
  setup: Setup,
  signal: AbortSignal = new AbortController().signal,
): Promise<Error & { code?: string }> {
  try {
    const session = await transportFor(setup).open(new Recorder(), signal);
    await session.close();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("The start did not fail.");
}

type CallExtras = Partial<Parameters<UpstreamSession["request"]>[0]>;

/** Calls a tool of a session. */
export function call(
  session: UpstreamSession,
  name: string,
  args = {},
  extras: CallExtras = {},
): Promise<UpstreamReply> {
  const { params = {}, ...rest } = extras;
  return session.request({
    method: "tools/call",
    params: { name, arguments: args, ...params },
    signal: undefined,
    trace: {},
    ...rest,
  });
}

/** The text that a tool answered with. */
export function textOf(reply: UpstreamReply): string {
  if (reply.kind !== "result") throw new Error(`no result: ${JSON.stringify(reply)}`);
  const { content } = reply.result.value as { content?: [{ text: string }] };
  if (content === undefined) throw new Error(`no content: ${JSON.stringify(reply.result.value)}`);
  return content[0].text;
}
