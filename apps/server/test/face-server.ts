import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  circuitBreakerOptions,
  executionOptions,
  Gateway,
  nodePlatform,
  type Platform,
  subprocessOptions,
  type UpstreamReply,
  type UpstreamRequest,
} from "@mcp-hangar/core";
import { FakeTransport, RecordingBus, resultReply, serverWithTools } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { onTestFinished } from "vitest";
import { createMcpFace, type McpFace } from "../src/mcp/index.ts";

/** A call that waits at the server until the test answers it. */
export interface WaitingCall {
  readonly request: UpstreamRequest;
  /** Sends progress with this number. */
  progress(progress: number): void;
  answer(text: string): void;
}

/** One endpoint of a gateway over real HTTP, in front of a server whose answers the test gives. */
export interface FaceServer {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly face: McpFace;
  readonly gateway: Gateway;
  readonly bus: RecordingBus;
  /** Calls of the tool `wait`, oldest first. */
  readonly calls: readonly WaitingCall[];
}

/** Starts one until the test ends. Who calls is said by the header `x-caller`; `/mcp` and paths that end in `/sse` and `/messages` are served. */
export async function faceServer(platform: Platform = nodePlatform): Promise<FaceServer> {
  const calls: WaitingCall[] = [];
  const bus = new RecordingBus();
  const usual = serverWithTools("echo", "wait");
  const reply = (request: UpstreamRequest): ReturnType<typeof usual> => {
    if (request.method !== "tools/call" || request.params.name !== "wait") return usual(request);
    return new Promise<UpstreamReply>((resolve) => {
      request.signal?.addEventListener("abort", () =>
        resolve({ kind: "failed", errorType: "aborted", message: "given up", maybeExecuted: true }),
      );
      calls.push({
        request,
        progress: (progress) =>
          request.onNotification?.({ method: "notifications/progress", params: { progressToken: "token", progress } }),
        answer: (text) => resolve(resultReply({ content: [{ type: "text", text }] })),
      });
    });
  };
  const gateway = new Gateway({
    servers: { math: subprocessOptions.parse({ mode: "subprocess", command: "fake", max_concurrency: 100 }) },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus,
    platform,
    info: { name: "mcp-hangar", version: "0" },
    transports: () => new FakeTransport(platform.clock, { reply }),
  });
  const face = createMcpFace({
    gateway,
    bus,
    platform,
    scope: { kind: "server", id: "math" },
    info: { name: "mcp-hangar", version: "0" },
  });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const isSse = /\/(?:sse|messages)\/?(?:\?|$)/.test(request.url ?? "");
      face[isSse ? "handleSse" : "handleHttp"](request, response, Buffer.concat(chunks), callerOf(request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await face.close();
    await gateway.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, face, gateway, bus, calls };
}

function callerOf({ headers }: IncomingMessage): Caller {
  const name = String(headers["x-caller"] ?? "ann");
  return { type: "api_key", id: registeredName(name), roles: [], credential: `api_key:${name}` };
}
