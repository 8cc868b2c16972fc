import { PassThrough } from "node:stream";
import {
  circuitBreakerOptions,
  type Era,
  executionOptions,
  Gateway,
  isJsonObject,
  type JsonObject,
  nodePlatform,
  subprocessOptions,
  type UpstreamRequest,
} from "@mcp-hangar/core";
import { FAKE_PEER, type FakeReply, FakeTransport, resultReply, serverWithTools } from "@mcp-hangar/core/testing";
import { TelemetryBus } from "@mcp-hangar/telemetry";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMcpFace } from "./index.ts";

/** What a message of the gateway may have, as far as these tests look. */
interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: JsonObject;
  readonly result?: JsonObject;
  readonly error?: JsonObject;
}

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true },
  logging: {},
};
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A client over stdio of a gateway before one server, which speaks one era only: the modern one, unless told. */
class Rig {
  readonly transport: FakeTransport;
  readonly gateway: Gateway;
  readonly messages: Message[] = [];
  readonly #input = new PassThrough();
  #lastId = 0;

  constructor(reply: FakeReply, era: Era = "modern") {
    const protocolVersion = era === "modern" ? "2026-07-28" : "2025-11-25";
    const peer = { ...FAKE_PEER, era, protocolVersion, capabilities: CAPABILITIES };
    this.transport = new FakeTransport(nodePlatform.clock, { peer, reply });
    const info = { name: "mcp-hangar", version: "0" };
    this.gateway = new Gateway({
      servers: { notes: subprocessOptions.parse({ mode: "subprocess", command: "fake" }) },
      execution: executionOptions.parse({}),
      circuitBreaker: circuitBreakerOptions.parse({}),
      bus: new TelemetryBus(),
      platform: nodePlatform,
      info,
      transports: () => this.transport,
    });
    const { gateway } = this;
    const scope = { kind: "server", id: "notes" } as const;
    const face = createMcpFace({ gateway, scope, info, platform: nodePlatform });
    const output = new PassThrough();
    let text = "";
    output.on("data", (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.messages.push(JSON.parse(line) as Message);
    });
    const served = face.serveStdio(this.#input, output);
    onTestFinished(async () => {
      this.#input.end();
      await face.close();
      await gateway.close();
      await served;
    });
  }

  send(message: object): void {
    this.#input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  async request(method: string, params: JsonObject = {}): Promise<Message> {
    const id = ++this.#lastId;
    this.send({ id, method, params });
    return this.next((message) => message.id === id);
  }

  async next(matches: (message: Message) => boolean): Promise<Message> {
    await expect.poll(() => this.messages.some(matches)).toBe(true);
    return this.messages.find(matches) ?? {};
  }

  async initialize(capabilities: JsonObject = {}): Promise<JsonObject> {
    const { result } = await this.request("initialize", { protocolVersion: "2025-11-25", capabilities });
    return result ?? {};
  }

  /** What the server got, without what the start of the gateway asks. */
  requests(method: string): readonly UpstreamRequest[] {
    return (this.transport.lastSession?.requests ?? []).filter((request) => request.method === method);
  }
}

const list = serverWithTools("greet");
const QUESTION = { method: "elicitation/create", params: { message: "Your name?" } };

/** Asks for a name before it greets, and acknowledges every subscription. */
const reply: FakeReply = (request) => {
  const { method, params, onNotification } = request;
  if (method === "subscriptions/listen") {
    onNotification?.({
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: params.notifications },
    });
    return "hang";
  }
  if (method !== "tools/call") return list(request);
  return isJsonObject(params.inputResponses)
    ? resultReply({ resultType: "complete", content: [{ type: "text", text: JSON.stringify(params.inputResponses) }] })
    : resultReply({ resultType: "input_required", inputRequests: { name: QUESTION }, requestState: "s" });
};

describe("a legacy client of a modern server", () => {
  it("is offered what the gateway translates", async () => {
    expect(await new Rig(reply).initialize()).toMatchObject({
      capabilities: { tools: {}, resources: { subscribe: true }, logging: {} },
    });
  });

  it("is asked what the server wants to know, and gets the answer in its own era", async () => {
    const rig = new Rig(reply);
    await rig.initialize({ elicitation: {}, roots: { listChanged: true }, experimental: { own: {} } });
    const call = rig.request("tools/call", { name: "greet" });
    const asked = await rig.next(({ method }) => method === QUESTION.method);
    expect(asked.params).toEqual(QUESTION.params);
    rig.send({ id: asked.id, result: { action: "accept", content: { name: "Ada" } } });
    expect((await call).result).toEqual({
      content: [{ type: "text", text: '{"name":{"action":"accept","content":{"name":"Ada"}}}' }],
    });
    const calls = rig.requests("tools/call");
    expect(calls.map(({ clientCapabilities }) => clientCapabilities)).toEqual([
      { elicitation: {}, roots: {} },
      { elicitation: {}, roots: {} },
    ]);
    expect(calls[1]?.params.requestState).toBe("s");
  });

  it("is not asked what it did not declare", async () => {
    const rig = new Rig(reply);
    await rig.initialize({ sampling: {} });
    const { error } = await rig.request("tools/call", { name: "greet" });
    expect(error).toMatchObject({ code: -32603, message: expect.stringContaining("cannot answer it") });
    expect(rig.messages.filter(({ method }) => method !== undefined)).toEqual([]);
    expect(rig.requests("tools/call").map(({ clientCapabilities }) => clientCapabilities)).toEqual([{ sampling: {} }]);
  });

  it("hears of changes of a resource from its subscription until it unsubscribes", async () => {
    const rig = new Rig(reply);
    await rig.initialize();
    for (let count = 0; count < 2; count++) {
      expect((await rig.request("resources/subscribe", { uri: "note://1" })).result).toEqual({});
    }
    const [listen, ...others] = rig.requests("subscriptions/listen");
    expect([listen?.params, others]).toEqual([{ notifications: { resourceSubscriptions: ["note://1"] } }, []]);
    const updated = { method: "notifications/resources/updated", params: { uri: "note://1" } };
    listen?.onNotification?.({ ...updated, params: { uri: "note://2" } });
    listen?.onNotification?.(updated);
    const heard = (): readonly Message[] => rig.messages.filter(({ method }) => method === updated.method);
    await expect.poll(heard).toEqual([{ jsonrpc: "2.0", ...updated }]);
    expect((await rig.request("resources/unsubscribe", { uri: "note://1" })).result).toEqual({});
    expect(listen?.signal?.aborted).toBe(true);
    expect(rig.requests("resources/unsubscribe")).toEqual([]);
  });

  it("is subscribed to the server that takes the place of another, as long as it wants to be", async () => {
    const rig = new Rig(reply);
    await rig.initialize();
    await rig.request("resources/subscribe", { uri: "note://1" });
    const [before] = rig.requests("subscriptions/listen");
    const other = subprocessOptions.parse({ mode: "subprocess", command: "fake", idle_ttl_s: 1 });
    expect(await rig.gateway.fleet.replace("notes", other)).toBe(true);
    await expect.poll(() => rig.transport.sessions.length).toBe(2);
    await expect.poll(() => rig.requests("subscriptions/listen")).toHaveLength(1);
    expect(before?.signal?.aborted).toBe(true);
    const heard = (): readonly Message[] =>
      rig.messages.filter(({ method }) => method === "notifications/resources/updated");
    // It may have changed in between.
    await expect.poll(heard).toMatchObject([{ params: { uri: "note://1" } }]);
    const [after] = rig.requests("subscriptions/listen");
    after?.onNotification?.({ method: "notifications/resources/updated", params: { uri: "note://1" } });
    await expect.poll(heard).toHaveLength(2);
    expect((await rig.request("resources/unsubscribe", { uri: "note://1" })).result).toEqual({});
    expect(after?.signal?.aborted).toBe(true);
    expect(await rig.gateway.fleet.replace("notes", other)).toBe(true);
    expect((await rig.request("tools/call", { name: "greet" })).error).toBeDefined();
    expect(rig.requests("subscriptions/listen")).toEqual([]);
  });

  it("is subscribed anew at a legacy server, too, and at one that comes back", async () => {
    const rig = new Rig(
      (request) => (request.method === "resources/subscribe" ? resultReply({}) : reply(request)),
      "legacy",
    );
    await rig.initialize();
    expect((await rig.request("resources/subscribe", { uri: "note://1" })).result).toEqual({});
    const other = subprocessOptions.parse({ mode: "subprocess", command: "fake", idle_ttl_s: 1 });
    for (const sessions of [2, 3]) {
      expect(await rig.gateway.fleet.replace("notes", other)).toBe(true);
      await expect.poll(() => rig.transport.sessions.length).toBe(sessions);
      await expect.poll(() => rig.requests("resources/subscribe")).toMatchObject([{ params: { uri: "note://1" } }]);
    }
    await rig.gateway.fleet.unregister("notes", "reload");
    rig.gateway.fleet.register("notes", other, { origin: "config" });
    await expect.poll(() => rig.requests("resources/subscribe")).toHaveLength(1);
    expect(rig.transport.sessions).toHaveLength(4);
  });

  it("cannot have the gateway remember a URI without end", async () => {
    const rig = new Rig((request) => (request.method === "resources/subscribe" ? resultReply({}) : reply(request)));
    await rig.initialize();
    const { error } = await rig.request("resources/subscribe", { uri: `note://${"x".repeat(8_192)}` });
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("8192") });
  });

  it("is told when the server takes no subscription", async () => {
    const rig = new Rig((request) => (request.method === "subscriptions/listen" ? resultReply({}) : reply(request)));
    await rig.initialize();
    expect((await rig.request("resources/subscribe", { uri: "note://1" })).error).toMatchObject({
      code: -32603,
      message: expect.stringContaining("took no subscription"),
    });
  });

  it("has the level it set sent with its own requests, and an unknown level refused", async () => {
    const rig = new Rig(reply);
    await rig.initialize();
    const levels = (): unknown[] =>
      rig.requests("tools/call").map(({ params }) => (params._meta as JsonObject)["io.modelcontextprotocol/logLevel"]);
    await rig.request("tools/call", { name: "greet" });
    expect((await rig.request("logging/setLevel", { level: "loud" })).error).toMatchObject({ code: -32602 });
    expect((await rig.request("logging/setLevel", { level: "debug" })).result).toEqual({});
    await rig.request("tools/call", { name: "greet", _meta: { "io.modelcontextprotocol/logLevel": "error" } });
    expect(levels()).toEqual([undefined, "debug"]);
    expect(rig.requests("logging/setLevel")).toEqual([]);
  });
});

describe("a modern client", () => {
  it("has the subscriptions of its stream made with the server, and hears what was granted", async () => {
    const rig = new Rig(reply);
    rig.send({
      id: "l",
      method: "subscriptions/listen",
      params: { notifications: { resourceSubscriptions: ["note://1"] }, _meta: ENVELOPE },
    });
    const acknowledged = await rig.next(({ method }) => method === "notifications/subscriptions/acknowledged");
    expect(acknowledged.params).toMatchObject({ notifications: { resourceSubscriptions: ["note://1"] } });
    const [upstream] = rig.requests("subscriptions/listen");
    upstream?.onNotification?.({ method: "notifications/resources/updated", params: { uri: "note://1" } });
    const heard = await rig.next(({ method }) => method === "notifications/resources/updated");
    expect(heard.params).toMatchObject({ uri: "note://1" });
    rig.send({ method: "notifications/cancelled", params: { requestId: "l" } });
    await expect.poll(() => upstream?.signal?.aborted).toBe(true);
  });

  it("has no initialize in its era, over stdio like over HTTP", async () => {
    const rig = new Rig(reply);
    const params = { protocolVersion: "2026-07-28", capabilities: {}, _meta: ENVELOPE };
    expect((await rig.request("initialize", params)).error).toMatchObject({ code: -32601 });
  });
});
