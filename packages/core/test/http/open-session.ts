import { registeredName, type UpstreamRequestFinished } from "@mcp-hangar/telemetry";
import { onTestFinished } from "vitest";
import { type RemoteOptions, remoteOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { JsonObject, JsonRpcNotification, JsonRpcRequest } from "../../src/protocol/json-rpc.ts";
import { type HttpTransportContext, httpTransport } from "../../src/transports/http/http-transport.ts";
import type {
  ServerRequestReply,
  SessionEnd,
  SessionObserver,
  Transport,
  UpstreamReply,
  UpstreamRequest,
  UpstreamSession,
} from "../../src/transports/session.ts";

/** Remembers all that a session tells its owner. */
export class RecordingObserver implements SessionObserver {
  readonly notifications: JsonRpcNotification[] = [];
  readonly requests: JsonRpcRequest[] = [];
  readonly ends: SessionEnd[] = [];
  readonly messages = new Map<string, number>();
  answer: (request: JsonRpcRequest) => Promise<ServerRequestReply> = async () => ({ kind: "result", result: {} });

  onNotification(notification: JsonRpcNotification): void {
    this.notifications.push(notification);
  }

  onServerRequest(request: JsonRpcRequest): Promise<ServerRequestReply> {
    this.requests.push(request);
    return this.answer(request);
  }

  onClosed(end: SessionEnd): void {
    this.ends.push(end);
  }

  onLog(): void {}

  onMessage(direction: string, kind: string): void {
    const key = `${direction} ${kind}`;
    this.messages.set(key, (this.messages.get(key) ?? 0) + 1);
  }
}

/** A transport under test, with everything it said. */
export interface Rig {
  readonly transport: Transport;
  readonly observer: RecordingObserver;
  readonly events: UpstreamRequestFinished[];
  readonly open: (signal?: AbortSignal) => Promise<UpstreamSession>;
}

export interface RigOptions extends Partial<Omit<RemoteOptions, "mode" | "endpoint">> {
  readonly platform?: Platform;
  readonly context?: Partial<Pick<HttpTransportContext, "limits" | "clientCapabilities">>;
}

/** A transport for `url`; what it opens is closed when the test ends. */
export function rig(url: string, { platform = nodePlatform, context, ...options }: RigOptions = {}): Rig {
  const events: UpstreamRequestFinished[] = [];
  const observer = new RecordingObserver();
  // The schema refuses some options that the transport must stand as well: programs that embed it need not ask the schema.
  const defaults = remoteOptions.parse({ mode: "remote", endpoint: "https://example.com/mcp" });
  const transport = httpTransport(
    { ...defaults, endpoint: url, ...options },
    {
      platform,
      server: registeredName("remote"),
      clientInfo: { name: "hangar-test", version: "1.2.3" },
      emit: (event) => void events.push(event),
      ...context,
    },
  );
  return {
    transport,
    observer,
    events,
    async open(signal = AbortSignal.timeout(60_000)) {
      const session = await transport.open(observer, signal);
      onTestFinished(() => session.close());
      return session;
    },
  };
}

/** Sends a request with the fields that a test cares about. */
export function request(
  session: UpstreamSession,
  method: string,
  more: Partial<UpstreamRequest> = {},
): Promise<UpstreamReply> {
  return session.request({ method, params: {}, signal: undefined, trace: {}, ...more });
}

/** Calls a tool. */
export function callTool(
  session: UpstreamSession,
  name: string,
  more: Partial<UpstreamRequest> & { arguments?: JsonObject } = {},
): Promise<UpstreamReply> {
  const { arguments: args = {}, ...rest } = more;
  return request(session, "tools/call", { params: { name, arguments: args }, ...rest });
}

/** The value of a result; a reply of another kind fails the test. */
export function resultOf(reply: UpstreamReply): JsonObject {
  if (reply.kind !== "result") throw new Error(`expected a result, got ${JSON.stringify(reply)}`);
  return reply.result.value;
}
