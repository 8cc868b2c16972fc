import { seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { type FaceServer, faceServer } from "./face-server.ts";
import { type EventReader, readEvents } from "./read-events.ts";

const PATIENCE = { timeout: 60_000 };
const BOTH = { accept: "application/json, text/event-stream", "content-type": "application/json" };

type Headers = Record<string, string>;

function post(url: string, message: object, headers: Headers): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  return fetch(url, { method: "POST", headers: { ...BOTH, ...headers }, body });
}

/** Opens a session; gives the headers by which it is named. */
async function openSession({ url }: FaceServer, protocolVersion = "2025-11-25", capabilities = {}): Promise<Headers> {
  const params = { protocolVersion, capabilities, clientInfo: { name: "t", version: "1" } };
  const response = await post(`${url}/mcp`, { id: 0, method: "initialize", params }, {});
  await response.text();
  return { "mcp-session-id": response.headers.get("mcp-session-id") ?? "", "mcp-protocol-version": protocolVersion };
}

/** Calls the tool that waits, and gives the call once the server has it. */
async function begin(server: FaceServer, session: Headers, id: number) {
  const params = { name: "wait", arguments: {}, _meta: { progressToken: "token" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
  const before = server.calls.length;
  const asked = readEvents(`${server.url}/mcp`, { method: "POST", headers: { ...BOTH, ...session }, body });
  await expect.poll(() => server.calls.length, PATIENCE).toBe(before + 1);
  const call = server.calls[before];
  if (call === undefined) throw new Error("the call did not come");
  return { call, asked };
}

function resume(server: FaceServer, session: Headers, lastEventId: string, more: Headers = {}): Promise<EventReader> {
  const headers = { accept: "text/event-stream", "last-event-id": lastEventId, ...session, ...more };
  return readEvents(`${server.url}/mcp`, { headers });
}

/** What was said, in words: progress by its number, the answer by its text. */
function said({ events }: Pick<EventReader, "events">): readonly (string | number)[] {
  return events
    .filter(({ data }) => data !== "")
    .map(({ data }) => {
      const { params, result } = JSON.parse(data);
      return params?.progress ?? result?.content?.[0]?.text ?? data;
    });
}

it("a client that loses its connection in the middle of a call gets the rest, and the answer once", async () => {
  const server = await faceServer();
  const session = await openSession(server);
  const { call, asked } = await begin(server, session, 7);
  call.progress(1);
  const first = await asked;
  await expect.poll(() => said(first), PATIENCE).toEqual([1]);
  first.leave();
  call.progress(2);
  const second = await resume(server, session, first.events.at(-1)?.id ?? "");
  await expect.poll(() => said(second), PATIENCE).toEqual([2]);
  expect(call.request.signal?.aborted).toBe(false);
  call.progress(3);
  call.answer("done");
  await second.ended;
  expect(said(second)).toEqual([2, 3, "done"]);
  expect(JSON.parse(second.events.at(-1)?.data ?? "")).toMatchObject({ id: 7 });
  expect(server.bus.of("call.finished")).toMatchObject([{ outcome: { status: "success" } }]);
});

it("an answer that came while the client was away is there when it comes back", async () => {
  const server = await faceServer();
  const session = await openSession(server);
  const { call, asked } = await begin(server, session, 7);
  call.progress(1);
  const first = await asked;
  await expect.poll(() => first.events.length, PATIENCE).toBe(2);
  first.leave();
  call.answer("done");
  await expect.poll(() => server.bus.of("call.finished").length, PATIENCE).toBe(1);
  // Primed with it before anything was said.
  const second = await resume(server, session, first.events[0]?.id ?? "");
  await second.ended;
  expect(said(second)).toEqual([1, "done"]);
});

it.each([
  ["2025-03-26", false],
  ["2025-06-18", false],
  ["2025-11-25", true],
])(
  "events of sessions of %s have ids, and an empty one comes first where the revision has that: %s",
  async (version, isPrimed) => {
    const server = await faceServer();
    const session = await openSession(server, version);
    const { call, asked } = await begin(server, session, 1);
    call.progress(1);
    call.answer("done");
    const reader = await asked;
    await reader.ended;
    const ids = reader.events.map(({ id }) => id);
    expect(ids.every((id) => id !== undefined)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect(reader.events.map(({ data, retry }) => [data === "", retry])).toEqual([
      ...(isPrimed ? [[true, "1000"]] : []),
      [false, undefined],
      [false, undefined],
    ]);
  },
);

it("ids are unique in the session, and each stream goes on with its own messages only", async () => {
  const server = await faceServer();
  const session = await openSession(server);
  const one = await begin(server, session, 1);
  const two = await begin(server, session, 2);
  one.call.progress(1);
  two.call.progress(2);
  const readers = await Promise.all([one.asked, two.asked]);
  await expect.poll(() => readers.map(said), PATIENCE).toEqual([[1], [2]]);
  const ids = readers.flatMap(({ events }) => events.map(({ id }) => id));
  expect(new Set(ids).size).toBe(4);
  for (const reader of readers) reader.leave();
  one.call.answer("one");
  two.call.answer("two");
  const again = await Promise.all(readers.map(({ events }) => resume(server, session, events[0]?.id ?? "")));
  await Promise.all(again.map(({ ended }) => ended));
  expect(again.map(said)).toEqual([
    [1, "one"],
    [2, "two"],
  ]);
});

it("what a server asks while the client is away is asked when it comes back", async () => {
  const server = await faceServer();
  const session = await openSession(server, "2025-11-25", { elicitation: {} });
  const { call, asked } = await begin(server, session, 1);
  call.progress(1);
  const first = await asked;
  await expect.poll(() => said(first), PATIENCE).toEqual([1]);
  first.leave();
  await first.ended;
  const reply = call.request.onServerRequest?.({ id: 5, method: "elicitation/create", params: { message: "Who?" } });
  const second = await resume(server, session, first.events.at(-1)?.id ?? "");
  await expect.poll(() => second.events.length, PATIENCE).toBe(1);
  const { id, method } = JSON.parse(second.events[0]?.data ?? "");
  expect(method).toBe("elicitation/create");
  await post(`${server.url}/mcp`, { id, result: { action: "accept" } }, session);
  expect(await reply).toEqual({ kind: "result", result: { action: "accept" } });
  call.answer("done");
  await second.ended;
  expect(said(second).at(-1)).toBe("done");
});

describe("an event id", () => {
  it("of an answer in one piece there is none, and nothing is kept", async () => {
    const server = await faceServer();
    const session = await openSession(server);
    const { call, asked } = await begin(server, session, 1);
    call.answer("done");
    const { response } = await asked;
    expect(response.headers.get("content-type")).toBe("application/json");
    expect((await resume(server, session, "1-0")).response.status).toBe(400);
  });

  it.each(["1-0", "99-1", "nonsense", "-", "ä".repeat(20)])(
    "that is unknown is refused, and recorded: %s",
    async (id) => {
      const server = await faceServer();
      const session = await openSession(server);
      const before = server.bus.of("request.finished").length;
      const headers = { "last-event-id": Buffer.from(id).toString("latin1") };
      const { response } = await resume(server, session, "x", headers);
      expect(response.status).toBe(400);
      await expect.poll(() => server.bus.of("request.finished").length, PATIENCE).toBe(before + 1);
    },
  );

  it("is of use to the caller and in the session that it was given to, and to nobody else", async () => {
    const server = await faceServer();
    const [session, other] = [await openSession(server), await openSession(server)];
    const { call, asked } = await begin(server, session, 1);
    call.progress(1);
    const first = await asked;
    await expect.poll(() => said(first), PATIENCE).toEqual([1]);
    const id = first.events.at(-1)?.id ?? "";
    expect((await resume(server, other, id)).response.status).toBe(400);
    expect((await resume(server, session, id, { "x-caller": "bob" })).response.status).toBe(404);
    call.answer("done");
    await first.ended;
    expect(said(first)).toEqual([1, "done"]);
    expect((await resume(server, session, id)).response.status).toBe(200);
    await (await fetch(`${server.url}/mcp`, { method: "DELETE", headers: session })).text();
    expect((await resume(server, session, id)).response.status).toBe(404);
  });
});

it("a stream that was taken up ends when its session does", async () => {
  const server = await faceServer();
  const session = await openSession(server);
  const { call, asked } = await begin(server, session, 1);
  call.progress(1);
  const first = await asked;
  await expect.poll(() => said(first), PATIENCE).toEqual([1]);
  const second = await resume(server, session, first.events.at(-1)?.id ?? "");
  await first.ended;
  await (await fetch(`${server.url}/mcp`, { method: "DELETE", headers: session })).text();
  await second.ended;
  expect(call.request.signal?.aborted).toBe(true);
});

it("the stream of a session ends with the session", async () => {
  const server = await faceServer();
  const session = await openSession(server);
  const { ended } = await readEvents(`${server.url}/mcp`, { headers: { accept: "text/event-stream", ...session } });
  await (await fetch(`${server.url}/mcp`, { method: "DELETE", headers: session })).text();
  await ended;
});

it.each([1, 2, 3, 4])(
  "however often the connection is lost, every message comes once and in order (seed %d)",
  async (seed) => {
    const random = seededRandom(seed);
    const server = await faceServer();
    const session = await openSession(server, random.pick(["2025-03-26", "2025-11-25"]));
    const { call, asked } = await begin(server, session, 1);
    call.progress(0);
    const got: (string | number)[] = [];
    let reader = await asked;
    await expect.poll(() => said(reader).length, PATIENCE).toBe(1);
    let lastId = "";
    for (let step = 1; step <= 60; step++) {
      call.progress(step);
      if (!random.chance(0.2)) continue;
      // Some of what was sent is read, some is not.
      if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
      reader.leave();
      await reader.ended;
      got.push(...said(reader));
      lastId = reader.events.at(-1)?.id ?? lastId;
      reader = await resume(server, session, lastId);
    }
    call.answer("done");
    await reader.ended;
    got.push(...said(reader));
    expect(got).toEqual([...Array.from({ length: 61 }, (_, step) => step), "done"]);
  },
);
