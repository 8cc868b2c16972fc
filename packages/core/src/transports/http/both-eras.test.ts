import { describe, expect, it } from "vitest";
import { DualServer, type LegacySide } from "../../../test/http/dual-server.ts";
import { nodeServer } from "../../../test/http/node-server.ts";
import { callTool, type Rig, request, resultOf, rig } from "../../../test/http/open-session.ts";
import { ResourceWatches } from "../../lifecycle/resource-watches.ts";
import { nodePlatform } from "../../platform/node-platform.ts";
import type { JsonRpcNotification, JsonRpcRequest } from "../../protocol/json-rpc.ts";
import { answerInputs, wantsInput } from "../input-rounds.ts";
import type { ServerRequestReply, UpstreamRequest, UpstreamSession } from "../session.ts";

const CAPABILITIES = { sampling: {}, elicitation: {} };

async function answer({ method }: JsonRpcRequest): Promise<ServerRequestReply> {
  const content = { type: "text", text: "fine" };
  return method === "sampling/createMessage"
    ? { kind: "result", result: { role: "assistant", model: "m", content } }
    : { kind: "result", result: { action: "accept", content: { name: "Ada" } } };
}

const LEGACY_CLIENT = { clientEra: "legacy", clientCapabilities: CAPABILITIES, onServerRequest: answer } as const;

async function setUp(legacySide: LegacySide): Promise<Rig & { server: DualServer; session: UpstreamSession }> {
  const server = new DualServer(legacySide);
  const { url } = await nodeServer(server.listener);
  const made = rig(url, { context: { clientCapabilities: CAPABILITIES } });
  return { ...made, server, session: await made.open() };
}

describe("a server of SDK v2 that speaks both eras, with sessions", () => {
  it("asks a legacy client in the middle of its call, whichever way its tool asks", async () => {
    const { session, server } = await setUp("sessions");
    expect(session.peer.era).toBe("modern");
    expect(resultOf(await callTool(session, "sample", LEGACY_CLIENT))).toMatchObject({
      content: [{ text: '{"type":"text","text":"fine"}' }],
    });
    expect(resultOf(await callTool(session, "greet", LEGACY_CLIENT))).toMatchObject({
      content: [{ text: "hello Ada" }],
    });
    expect(server.sessions.size).toBe(1);
    expect(server.posts.filter((post) => post === "legacy initialize")).toHaveLength(1);
    expect(server.posts).not.toContain("modern tools/call");
  });

  it("takes subscriptions of legacy clients, and still serves modern ones in their era", async () => {
    const { session, server } = await setUp("sessions");
    const params = { uri: "test://watched" };
    expect(await request(session, "resources/subscribe", { ...LEGACY_CLIENT, params })).toMatchObject({
      kind: "result",
    });
    expect(server.subscribed).toEqual(["test://watched"]);
    const modern = await callTool(session, "greet", { clientEra: "modern", clientCapabilities: CAPABILITIES });
    expect(resultOf(modern)).toMatchObject({ resultType: "input_required" });
    expect((await session.peerFor("legacy")).era).toBe("legacy");
  });

  it("counts the sockets of both sides, and its session ends with ours", async () => {
    const { session, server } = await setUp("sessions");
    await callTool(session, "greet", { clientEra: "modern", clientCapabilities: CAPABILITIES });
    const before = session.connections() ?? 0;
    await callTool(session, "greet", LEGACY_CLIENT);
    expect(session.connections()).toBeGreaterThan(before);
    await session.close();
    expect([session.connections(), server.sessions.size]).toEqual([0, 0]);
  });

  it("may forget its sessions without anybody noticing", async () => {
    const { session, server, observer } = await setUp("sessions");
    await callTool(session, "greet", LEGACY_CLIENT);
    for (const transport of server.sessions.values()) await transport.close();
    server.sessions.clear();
    expect(resultOf(await callTool(session, "greet", LEGACY_CLIENT))).toMatchObject({
      content: [{ text: "hello Ada" }],
    });
    expect([server.sessions.size, observer.ends.length]).toEqual([1, 0]);
  });
});

describe.each(["stateless", "reject"] as const)("a server of SDK v2 whose legacy side is %s", (legacySide) => {
  it("is tried once, and then serves legacy clients in the modern era", async () => {
    const { session, server } = await setUp(legacySide);
    for (let count = 0; count < 3; count++) await callTool(session, "log", LEGACY_CLIENT);
    expect(server.posts.filter((post) => post === "legacy initialize")).toHaveLength(1);
    expect(server.posts.filter((post) => post === "modern tools/call")).toHaveLength(3);
    expect((await session.peerFor("legacy")).era).toBe("modern");
  });

  it("has its questions put to a legacy client", async () => {
    const { session } = await setUp(legacySide);
    const call: UpstreamRequest = {
      ...LEGACY_CLIENT,
      method: "tools/call",
      params: { name: "greet", arguments: {} },
      signal: undefined,
      trace: {},
    };
    const first = await session.request(call);
    if (!wantsInput(first)) throw new Error("the server asked nothing");
    expect(resultOf(await answerInputs(session, call, first, nodePlatform))).toMatchObject({
      resultType: "complete",
      content: [{ text: "hello Ada" }],
    });
  });

  it("logs for a request from the level that the request carries", async () => {
    const { session } = await setUp(legacySide);
    const heard: JsonRpcNotification[] = [];
    const onNotification = (notification: JsonRpcNotification): void => void heard.push(notification);
    const call = { name: "log", arguments: {} };
    const at = (level: string): Partial<UpstreamRequest> => ({
      ...LEGACY_CLIENT,
      onNotification,
      params: { ...call, _meta: { "io.modelcontextprotocol/logLevel": level } },
    });
    await request(session, "tools/call", at("error"));
    expect(heard).toEqual([]);
    await request(session, "tools/call", at("debug"));
    expect(heard).toMatchObject([{ method: "notifications/message", params: { level: "info", data: "a line" } }]);
  });

  it("tells of changed resources on one stream, which is closed when nobody watches any more", async () => {
    const { session, server } = await setUp(legacySide);
    const heard: JsonRpcNotification[] = [];
    const watches = new ResourceWatches({
      platform: nodePlatform,
      timeoutMs: 10_000,
      session: () => session,
      onUpdated: (notification) => heard.push(notification),
    });
    expect(await watches.add("test://watched")).toBeUndefined();
    const watching = session.connections() ?? 0;
    server.updated("test://other");
    server.updated("test://watched");
    await expect.poll(() => heard).toMatchObject([{ params: { uri: "test://watched" } }]);
    watches.remove("test://watched");
    await expect.poll(() => session.connections()).toBeLessThan(watching);
  });
});
