import { fakePlatform } from "@mcp-hangar/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FaceServer, faceServer } from "./face-server.ts";
import { type EventReader, readEvents } from "./read-events.ts";

const PATIENCE = { timeout: 60_000 };
const ACCEPT = { accept: "text/event-stream" };

/** A client of which the test decides every byte. */
interface RawClient {
  readonly reader: EventReader;
  /** Where it posts to. */
  readonly messages: string;
  /** Posts a message, or text as it is; resolves to the status. */
  post(message: unknown, headers?: Record<string, string>): Promise<number>;
  /** The messages that have come. */
  said(): readonly { id?: unknown; method?: string; result?: Record<string, unknown>; error?: { message: string } }[];
}

async function open({ url }: FaceServer, path = "/sse"): Promise<RawClient> {
  const reader = await readEvents(`${url}${path}`, { headers: ACCEPT });
  onTestFinished(() => reader.leave());
  await expect.poll(() => reader.events[0]?.type, PATIENCE).toBe("endpoint");
  const messages = new URL(reader.events[0]?.data ?? "", url + path).href;
  return {
    reader,
    messages,
    async post(message, headers = {}) {
      const body = typeof message === "string" ? message : JSON.stringify(message);
      const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body };
      const response = await fetch(messages, init);
      await response.text();
      return response.status;
    },
    said: () => reader.events.slice(1).map(({ data }) => JSON.parse(data)),
  };
}

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "old", version: "0.1" } },
};
const call = (id: number | string, name: string) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: {}, _meta: { progressToken: "token" } },
});

async function initialized(server: FaceServer): Promise<RawClient> {
  const client = await open(server);
  expect(await client.post(INITIALIZE)).toBe(202);
  await expect.poll(() => client.said().length, PATIENCE).toBe(1);
  return client;
}

it("many calls at a time are each answered once, under ids of either type, and told once", async () => {
  const server = await faceServer();
  const client = await initialized(server);
  const ids = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? n + 1 : `${n}`));
  expect(await Promise.all(ids.map((id) => client.post(call(id, "echo"))))).toEqual(ids.map(() => 202));
  await expect.poll(() => client.said().length, PATIENCE).toBe(51);
  const answered = client.said().slice(1);
  expect(new Set(answered.map(({ id }) => id))).toEqual(new Set(ids));
  expect(server.bus.of("call.finished").length).toBe(50);
  const [{ client: told } = {}] = server.bus.of("call.finished");
  expect(told).toMatchObject({ transport: "http", name: "old", protocolVersion: "2024-11-05" });
});

it("names where messages go beside the path that was asked", async () => {
  const server = await faceServer();
  for (const [path, messages] of [
    ["/sse", "/messages"],
    ["/sse/", "/messages"],
    ["/servers/math/sse?x=1", "/servers/math/messages"],
    ["/manage/sse", "/manage/messages"],
  ] as const) {
    const client = await open(server, path);
    expect(new URL(client.messages).pathname).toBe(messages);
    expect(client.messages).toMatch(/\?sessionId=[0-9a-f-]{36}$/);
  }
});

describe("what is wrong with a message", () => {
  it.each([
    ["is no JSON", "{", 400],
    ["is no JSON-RPC", "{}", 400],
    ["is a batch of nothing", "[]", 400],
    ["is a batch that is too large", JSON.stringify(Array.from({ length: 101 }, (_, id) => call(id, "echo"))), 400],
  ])("is told at once when it %s, and recorded", async (_name, body, status) => {
    const server = await faceServer();
    const client = await initialized(server);
    const before = server.bus.of("request.finished").length;
    expect(await client.post(body)).toBe(status);
    expect(server.bus.of("request.finished").length).toBe(before + 1);
  });

  it("is told on the stream when its id is in use", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    await client.post(call(1, "wait"));
    await expect.poll(() => server.calls.length, PATIENCE).toBe(1);
    expect(await client.post(call(1, "echo"))).toBe(202);
    await expect.poll(() => client.said().length, PATIENCE).toBe(2);
    expect(client.said()[1]?.error?.message).toContain("in use already");
  });

  it("concerns its part of a batch alone", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    expect(await client.post([call(1, "echo"), { nonsense: true }, call(2, "echo")])).toBe(202);
    await expect.poll(() => client.said().length, PATIENCE).toBe(4);
    expect(client.said().filter(({ result }) => result !== undefined)).toHaveLength(3);
  });

  it("is not that there was no handshake: libraries open a broken stream again and go on", async () => {
    const server = await faceServer();
    const client = await open(server);
    await client.post(call(1, "echo"));
    await expect.poll(() => client.said(), PATIENCE).toMatchObject([{ id: 1, result: {} }]);
    expect(server.bus.of("session.opened").length).toBe(1);
  });
});

describe("a session", () => {
  it("is the caller's who opened the stream, and nobody else's", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    expect(await client.post(call(1, "echo"), { "x-caller": "bob" })).toBe(404);
    expect(server.bus.of("call.finished").length).toBe(0);
    // Bob cannot find out either whether the stream has a session.
    const fresh = await open(server);
    expect(await fresh.post(INITIALIZE, { "x-caller": "bob" })).toBe(404);
  });

  it.each(["", "?sessionId=", "?sessionId=00000000-0000-4000-8000-000000000000", "?session=x"])(
    "is not guessed: %j",
    async (query) => {
      const server = await faceServer();
      await initialized(server);
      const init = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(call(1, "echo")),
      };
      const before = server.bus.of("request.finished").length;
      const response = await fetch(`${server.url}/messages${query}`, init);
      expect(response.status).toBe(404);
      expect(server.bus.of("request.finished").length).toBe(before + 1);
    },
  );

  it("ends with its stream, and so do the calls in it", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    await client.post(call(1, "wait"));
    await expect.poll(() => server.calls.length, PATIENCE).toBe(1);
    client.reader.leave();
    await expect.poll(() => server.calls[0]?.request.signal?.aborted, PATIENCE).toBe(true);
    await expect.poll(() => server.bus.of("session.closed").length, PATIENCE).toBe(1);
    expect(await client.post(call(2, "echo"))).toBe(404);
  });

  it("ends with the endpoint, and its stream with it", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    await server.face.close("server_removed");
    await client.reader.ended;
    expect(server.bus.of("session.closed")).toMatchObject([{ reason: "server_removed" }]);
  });

  it("is replaced by another handshake on the same stream", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    expect(await client.post({ ...INITIALIZE, id: 9 })).toBe(202);
    await expect.poll(() => client.said().length, PATIENCE).toBe(2);
    await client.post(call(1, "echo"));
    await expect.poll(() => client.said().length, PATIENCE).toBe(3);
    expect([server.bus.of("session.opened").length, server.bus.of("session.closed").length]).toEqual([2, 1]);
  });

  it("is told of the end of the gateway: each call is answered, also those that come later", async () => {
    const server = await faceServer();
    const client = await initialized(server);
    await client.post(call(1, "wait"));
    await expect.poll(() => server.calls.length, PATIENCE).toBe(1);
    server.face.interrupt();
    await client.post(call(2, "echo"));
    await expect.poll(() => client.said().length, PATIENCE).toBe(3);
    for (const { error } of client.said().slice(1)) expect(error?.message).toContain("shutting down");
  });
});

it("a client that sends nothing for a minute loses its stream", async () => {
  const platform = fakePlatform();
  const server = await faceServer(platform);
  const silent = await open(server);
  const talkative = await open(server);
  await talkative.post(INITIALIZE);
  await expect.poll(() => server.bus.of("session.opened").length, PATIENCE).toBe(1);
  platform.clock.advance(60_000);
  await silent.reader.ended;
  await talkative.post(call(1, "echo"));
  await expect.poll(() => talkative.said().length, PATIENCE).toBe(2);
});

it("a client that does not take event streams is told so", async () => {
  const server = await faceServer();
  const response = await fetch(`${server.url}/sse`, { headers: { accept: "application/json" } });
  expect(response.status).toBe(406);
});
