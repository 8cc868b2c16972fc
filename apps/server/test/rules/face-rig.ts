import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import {
  circuitBreakerOptions,
  type EntryOptions,
  type Era,
  entryOptions,
  executionOptions,
  Gateway,
  type JsonObject,
  nodePlatform,
  type RateLimitOptions,
  type UpstreamRequest,
} from "@mcp-hangar/core";
import { FAKE_PEER, type FakeReply, FakeTransport, resultReply } from "@mcp-hangar/core/testing";
import { type Caller, type HangarEvent, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";
import { onTestFinished } from "vitest";
import type { RoleOptions } from "../../src/access/options.ts";
import { createRoles } from "../../src/access/roles.ts";
import { createMcpFace, type McpFace } from "../../src/mcp/index.ts";
import type { ScopeSelector } from "../../src/mcp/scope.ts";

/** What servers of the rig list; each name and URI stands for itself. */
export interface Offer {
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
  readonly templates: readonly string[];
}

export interface RigOptions {
  /** Entries of `mcp_servers` without how they are run; a group when there are `members`. */
  readonly servers: Readonly<Record<string, object>>;
  readonly offer: Offer;
  /** The rules of the caller's only role; without access control when absent. */
  readonly role?: Omit<RoleOptions, "permissions"> | undefined;
  readonly scope: ScopeSelector;
  readonly rateLimit?: RateLimitOptions | undefined;
  /** The era of the servers; legacy unless told. */
  readonly upstream?: Era | undefined;
}

/** An answer as far as the tests look. */
export interface RigAnswer {
  readonly result?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: JsonObject };
}

/** How a client speaks. */
export const DOORS = ["http legacy", "http modern", "stdio"] as const;
export type Door = (typeof DOORS)[number];

/** Asks for something; the answers of `subscriptions/listen` are not waited for beyond their first message. */
export type Ask = (method: string, params?: JsonObject) => Promise<RigAnswer>;

const CALLER: Caller = { type: "api_key", id: registeredName("someone"), roles: ["some"], credential: "api_key:1" };
const INFO = { name: "mcp-hangar", version: "0" };
const CLIENT = { name: "test", version: "1" };
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": CLIENT,
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A gateway in front of servers that answer whatever they are asked, and clients of one of its faces. */
export class FaceRig {
  readonly gateway: Gateway;
  /** What any server was asked. */
  readonly asked: UpstreamRequest[] = [];
  readonly events: HangarEvent[] = [];
  /** What servers list; looked at with each listing. */
  offer: Offer;
  readonly transports = new Map<string, FakeTransport>();
  readonly #face: McpFace;

  constructor(options: RigOptions) {
    this.offer = options.offer;
    const roles = options.role && createRoles({ some: { permissions: ["tools:call"], ...options.role } });
    const bus = new TelemetryBus();
    bus.on("test", (event) => this.events.push(event));
    const servers = Object.entries(options.servers).map(([id, entry]) => [id, entryOf(entry)] as const);
    this.gateway = new Gateway({
      servers: Object.fromEntries(servers),
      execution: executionOptions.parse({}),
      circuitBreaker: circuitBreakerOptions.parse({}),
      rateLimit: options.rateLimit,
      bus,
      platform: nodePlatform,
      info: INFO,
      access: roles && ((caller, id, tool) => roles.decide(caller, id, tool)),
      transports: (id) => {
        const capabilities = { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} };
        const protocolVersion = options.upstream === "modern" ? "2026-07-28" : "2025-11-25";
        const peer = { ...FAKE_PEER, era: options.upstream ?? "legacy", protocolVersion, capabilities };
        const transport = new FakeTransport(nodePlatform.clock, {
          peer,
          reply: (request) => this.#reply(request),
        });
        this.transports.set(id, transport);
        return transport;
      },
    });
    const { gateway } = this;
    this.#face = createMcpFace({ gateway, scope: options.scope, info: INFO, platform: nodePlatform, access: roles });
    onTestFinished(async () => {
      await this.#face.close();
      await gateway.close();
    });
  }

  /** Starts all servers, so that no request costs more than itself. */
  async start(): Promise<void> {
    for (const server of this.gateway.fleet.all()) await server.ensureReady(new AbortController().signal);
  }

  /** A client that has shaken hands where that is the custom. */
  async client(door: Door): Promise<Ask> {
    return door === "stdio" ? this.#overStdio() : this.#overHttp(door === "http legacy" ? "legacy" : "modern");
  }

  async #overHttp(era: Era): Promise<Ask> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => this.#face.handleHttp(request, response, Buffer.concat(chunks), CALLER));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    // A TCP server's address is an AddressInfo once it listens.
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const common = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const post = (headers: Readonly<Record<string, string>>, body: object): Promise<Response> =>
      fetch(url, {
        method: "POST",
        headers: { ...common, ...headers },
        body: JSON.stringify({ jsonrpc: "2.0", ...body }),
      });
    if (era === "modern") {
      return async (method, params = {}) => {
        const named = params.name ?? params.uri;
        const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method };
        const name = typeof named === "string" ? { "mcp-name": sentinel(named) } : {};
        const response = await post({ ...headers, ...name }, { id: 1, method, params: { ...params, _meta: ENVELOPE } });
        return firstMessage(response);
      };
    }
    const opened = await post({}, { id: 0, method: "initialize", params: HANDSHAKE });
    await opened.text();
    const session = opened.headers.get("mcp-session-id") ?? "";
    return async (method, params = {}) => {
      const headers = { "mcp-protocol-version": "2025-11-25", "mcp-session-id": session };
      return firstMessage(await post(headers, { id: 1, method, params }));
    };
  }

  async #overStdio(): Promise<Ask> {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const waiting = new Map<unknown, (answer: RigAnswer) => void>();
    let text = "";
    output.on("data", (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        // Lines of the gateway are JSON-RPC messages.
        const message = JSON.parse(line) as RigAnswer & { readonly id?: unknown };
        waiting.get(message.id)?.(message);
      }
    });
    const served = this.#face.serveStdio(input, output);
    onTestFinished(async () => {
      input.end();
      await served;
    });
    let lastId = 0;
    const ask: Ask = (method, params = {}) => {
      const id = ++lastId;
      const answer = new Promise<RigAnswer>((resolve) => waiting.set(id, resolve));
      input.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
      return answer;
    };
    await ask("initialize", HANDSHAKE);
    return ask;
  }

  #reply(request: UpstreamRequest): ReturnType<FakeReply> {
    this.asked.push(request);
    const { tools, prompts, resources, templates } = this.offer;
    switch (request.method) {
      case "tools/list":
        return resultReply({ tools: tools.map((name) => ({ name, inputSchema: { type: "object" } })) });
      case "prompts/list":
        return resultReply({ prompts: prompts.map((name) => ({ name })) });
      case "resources/list":
        return resultReply({ resources: resources.map((uri) => ({ uri, name: "a resource" })) });
      case "resources/templates/list":
        return resultReply({
          resourceTemplates: templates.map((uriTemplate) => ({ uriTemplate, name: "a template" })),
        });
      case "resources/read":
        // A server may answer with more than it was asked for.
        return resultReply({
          contents: [request.params.uri ?? "", ...resources].map((uri) => ({ uri, text: "text" })),
        });
      case "subscriptions/listen":
        request.onNotification?.({ method: "notifications/subscriptions/acknowledged", params: request.params });
        return "hang";
      case "prompts/get":
        return resultReply({ messages: [] });
      case "completion/complete":
        return resultReply({ completion: { values: ["value"] } });
      default:
        return resultReply({});
    }
  }
}

const HANDSHAKE = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: CLIENT };

function entryOf(entry: object): EntryOptions {
  const how = "members" in entry ? { mode: "group" } : { mode: "subprocess", command: "fake" };
  return entryOptions.parse({ ...how, ...entry });
}

/** A text as the value of a header, as the protocol writes it. */
function sentinel(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

/** The answer, or the first message of a stream that stays open. */
async function firstMessage(response: Response): Promise<RigAnswer> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    text += part.value;
    const data = /^data: (.*)$/m.exec(text)?.[1];
    if (data === undefined || !text.includes("\n\n")) continue;
    await reader?.cancel();
    // The gateway's own message.
    const { params, ...answer } = JSON.parse(data) as RigAnswer & { readonly params?: JsonObject };
    return params === undefined ? answer : { result: params };
  }
  return JSON.parse(text) as RigAnswer;
}
