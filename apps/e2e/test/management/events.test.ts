import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../../src/harness/gateway-process.ts";
import { rest } from "../../src/harness/rest.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";

/** One event as a client of the stream sees it. */
interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Somebody who follows the stream. Disposing leaves. */
interface Follower extends AsyncDisposable {
  readonly events: readonly StreamEvent[];
  readonly ended: Promise<void>;
}

let gateway: HttpGateway;

beforeAll(async () => {
  gateway = await startGateway({ mcp_servers: { one: nodeServer(EVERYTHING), two: nodeServer(EVERYTHING) } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
});

async function follow(query = "", headers: Record<string, string> = {}): Promise<Follower> {
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/api/events${query}`, { headers, signal: leaving.signal });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
  const events: StreamEvent[] = [];
  const read = async (): Promise<void> => {
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = (text + chunk).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) if (part.includes("data: ")) events.push(parse(part));
    }
  };
  const ended = read().catch(() => {});
  return {
    events,
    ended,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await ended;
    },
  };
}

function parse(part: string): StreamEvent {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(part)?.[1];
  return {
    id: field("id"),
    event: field("event"),
    data: JSON.parse(field("data") ?? "{}") as StreamEvent["data"],
  };
}

const callEcho = (server: string, message: string): ReturnType<typeof rest> =>
  rest(gateway, "POST", `/api/mcp_servers/${server}/tools/echo/call`, { body: { arguments: { message } } });

test("a start and a call are followed as they happen, without what was said", async () => {
  await using follower = await follow();
  await callEcho("one", "a-secret-argument");
  const call = await poll("the call", () => follower.events.find(({ event }) => event === "call.finished"));
  expect(call).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{32}-\d+$/),
    data: {
      type: "call.finished",
      mcp_server: "one",
      tool: "echo",
      status: "success",
      origin: "rest",
      cold_start: true,
      caller: { type: "anonymous", id: "anonymous" },
    },
  });
  expect(follower.events.map(({ event }) => event)).toEqual([
    // That somebody follows is an operation as well.
    "operation.finished",
    "server.state_changed",
    "server.start_finished",
    "server.tools_listed",
    "server.state_changed",
    "call.finished",
  ]);
  expect(JSON.stringify(follower.events)).not.toContain("a-secret-argument");
});

test("filters by type and server apply together", async () => {
  await using follower = await follow("?type=call.finished&type=server.stopped&server=two");
  await callEcho("one", "x");
  await callEcho("two", "x");
  await rest(gateway, "POST", "/api/mcp_servers/one/stop");
  await rest(gateway, "POST", "/api/mcp_servers/two/stop");
  await poll("two events", () => follower.events.length >= 2);
  expect(follower.events.map(({ data }) => [data.type, data.mcp_server])).toEqual([
    ["call.finished", "two"],
    ["server.stopped", "two"],
  ]);
});

test("a client that comes back goes on where it was", async () => {
  const first = await follow("?type=call.finished");
  await callEcho("one", "x");
  const [seen] = await poll("an event", () => first.events.length > 0 && first.events);
  await first[Symbol.asyncDispose]();
  await callEcho("two", "missed");
  await using again = await follow("?type=call.finished", { "last-event-id": seen?.id ?? "" });
  await callEcho("one", "new");
  await poll("two events", () => again.events.length >= 2);
  expect(again.events.map(({ event, data }) => [event, data.mcp_server])).toEqual([
    ["call.finished", "two"],
    ["call.finished", "one"],
  ]);
});

test.each([
  ["?type=nonsense", 400, "invalid_request"],
  ["?server=", 400, "invalid_request"],
  ["?no_such=1", 400, "invalid_request"],
])("%s gets no stream but %d %s", async (query, status, code) => {
  const answer = await rest(gateway, "GET", `/api/events${query}`);
  expect([answer.status, answer.json()]).toMatchObject([status, { error: { code } }]);
});

test("HEAD has no stream", async () => {
  const head = await rest(gateway, "HEAD", "/api/events");
  expect([head.status, head.headers.get("content-type"), head.text]).toEqual([200, "text/event-stream", ""]);
});

test("an address follows so many times only, and a place is free when one leaves", async () => {
  await using followers = new AsyncDisposableStack();
  const all: Follower[] = [];
  // Those of the tests before may not all have gone yet.
  await poll("ten streams", async () => {
    const follower = await follow().catch(() => undefined);
    if (follower !== undefined) all.push(followers.use(follower));
    return all.length === 10;
  });
  const refused = await rest(gateway, "GET", "/api/events");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
  expect(refused.json()).toMatchObject({ error: { code: "too_many_streams" } });
  await all[0]?.[Symbol.asyncDispose]();
  await poll("a place", async () => {
    const follower = await follow().catch(() => undefined);
    await follower?.[Symbol.asyncDispose]();
    return follower !== undefined;
  });
});

test("the streams end when the gateway stops, and do not keep it from stopping", async () => {
  const own = await startGateway({ mcp_servers: {} });
  const response = await fetch(`${own.url}/api/events`);
  const text = response.text();
  await own.stop();
  expect(await text).toContain(": the gateway is shutting down");
});
