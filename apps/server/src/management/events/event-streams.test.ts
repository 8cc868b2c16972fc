import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { FakeClock } from "@mcp-hangar/core/testing";
import { type Caller, EventIds, type HangarEvent, registeredName, Sensitive } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Access, OPEN_ACCESS } from "../../access/access.ts";
import { type EventFilter, EventStreams } from "./event-streams.ts";

const CALLER: Caller = { type: "local", id: registeredName("local"), roles: [], credential: "local" };
const RUN = "run1";

let clock: FakeClock;
let streams: EventStreams;
let access: Access;
let server: Server;
let next: { filter: EventFilter; lastEventId: string | undefined };
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  next = { filter: {}, lastEventId: undefined };
  access = OPEN_ACCESS;
  const asTheyAre: Access = {
    enabled: true,
    identify: (request) => access.identify(request),
    permits: (...args) => access.permits(...args),
    admits: (...args) => access.admits(...args),
    shows: (...args) => access.shows(...args),
    decide: (...args) => access.decide(...args),
    reaches: (...args) => access.reaches(...args),
    reachesAll: (...args) => access.reachesAll(...args),
    rightsOf: (...args) => access.rightsOf(...args),
  };
  streams = new EventStreams({ clock, access: asTheyAre, run: RUN, ids: new EventIds(RUN) });
  server = createServer((http, response) => {
    response.on("error", () => {});
    streams.open({ http, caller: CALLER, ...next }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A client on a raw socket: what it has got so far, and whether its connection has ended. */
async function follow(
  filter: EventFilter = {},
  lastEventId?: string,
): Promise<{ socket: Socket; text: () => string; ended: () => boolean }> {
  next = { filter, lastEventId };
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  let text = "";
  let ended = false;
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.once("close", () => {
    ended = true;
  });
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await expect.poll(() => text).toContain("retry: 2000");
  return { socket, text: () => text, ended: () => ended };
}

function emit(id: string, tool?: string): void {
  const event: HangarEvent =
    tool === undefined
      ? { type: "server.unregistered", timeMs: 0, server: registeredName(id) }
      : {
          ...sampleEvent("call.finished"),
          server: registeredName(id),
          tool: registeredName(tool),
          outcome: { status: "error", errorType: "tool_error", message: "secret-message" },
          caller: { ...CALLER, roles: ["secret-role"] },
          correlation: { userId: "secret-user" },
          arguments: new Sensitive<unknown>("secret-argument"),
          result: new Sensitive<unknown>("secret-result"),
        };
  streams.listener(event);
}

const names = (text: string): readonly string[] =>
  [...text.matchAll(/"mcp_server":"([^"]+)"/g)].map(([, name]) => String(name));

describe("a client", () => {
  it("gets what happens from then on, with an id, a type and data", async () => {
    emit("before");
    const client = await follow();
    emit("after");
    await expect
      .poll(client.text)
      .toContain(
        `id: ${RUN}-2\nevent: server.unregistered\ndata: {"type":"server.unregistered","time":"1970-01-01T00:00:00.000Z","event_id":"run1-e2","mcp_server":"after"}\n\n`,
      );
    expect(client.text()).not.toContain("before");
    expect(client.text()).toMatch(/content-type: text\/event-stream/);
  });

  it.each([
    ["config:read", "config.reloaded"],
    ["discovery:read", "discovery.cycle_finished"],
  ])("needs %s to hear of %s, which names what is hidden", async (needed, type) => {
    const isGiven: Access["permits"] = (_caller, permission) => permission !== needed;
    access = {
      ...OPEN_ACCESS,
      permits: isGiven,
      reachesAll: (caller, permission = "tools:call") => isGiven(caller, permission),
    };
    const client = await follow();
    const reload = { result: "failure", trigger: "file", caller: undefined, message: "no such server" } as const;
    streams.listener({ type: "config.reloaded", timeMs: 0, ...reload });
    const cycle = { registered: 0, deregistered: 0, durationSeconds: 1, error: "no such folder", problems: [] };
    streams.listener({ type: "discovery.cycle_finished", timeMs: 0, source: registeredName("files"), ...cycle });
    emit("after");
    await expect.poll(client.text).toContain("after");
    const types = [...client.text().matchAll(/event: (\S+)/g)].map(([, name]) => name);
    const all = ["config.reloaded", "discovery.cycle_finished", "server.unregistered"];
    expect(types).toEqual(all.filter((each) => each !== type));
  });

  it("gets nothing of arguments, results, messages and what callers typed", async () => {
    const client = await follow();
    emit("one", "echo");
    await expect.poll(client.text).toContain('"tool":"echo"');
    expect(client.text()).toContain('"status":"error","error_type":"tool_error"');
    expect(client.text()).not.toMatch(/secret|typed/);
  });

  it("that comes back gets what it has missed, and nothing twice", async () => {
    for (const id of ["one", "two", "three"]) emit(id);
    const client = await follow({}, `${RUN}-1`);
    emit("four");
    await expect.poll(() => names(client.text())).toEqual(["two", "three", "four"]);
    expect(client.text()).not.toContain("event: gap");
  });

  it.each([
    ["another run", "run0-5", "restarted"],
    ["no id", "nonsense", "restarted"],
    ["the future", `${RUN}-99999`, "restarted"],
    ["long ago", `${RUN}-1`, "expired"],
  ])("that comes back from %s is told of the gap and gets all there is", async (_when, id, reason) => {
    for (let number = 1; number <= 1_200; number++) emit(`s${number}`);
    const client = await follow({}, id);
    await expect.poll(() => names(client.text()).length).toBe(1_000);
    expect(client.text()).toContain(`event: gap\ndata: {"reason":"${reason}"}\n\n`);
    expect(names(client.text())[0]).toBe("s201");
  });

  it("that comes back finds what has changed, however much noise there was since", async () => {
    // Noise and calls are kept where somebody follows.
    (await follow()).socket.destroy();
    await expect.poll(() => clock.pendingTimers).toBe(2);
    emit("one");
    emit("two", "echo");
    for (let number = 1; number <= 5_000; number++) {
      streams.listener({
        type: "authentication.failed",
        timeMs: 0,
        door: "mcp",
        reason: "unknown_api_key",
        remoteAddress: "192.0.2.1",
      });
    }
    emit("three");
    const client = await follow({}, `${RUN}-0`);
    await expect.poll(() => names(client.text())).toEqual(["one", "two", "three"]);
    expect(client.text().match(/event: authentication.failed/g)).toHaveLength(250);
    expect(client.text()).not.toContain("event: gap");
    const numbers = [...client.text().matchAll(/id: run1-(\d+)/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  it("that comes back within five minutes finds the calls since, and later what has changed and a gap", async () => {
    const first = await follow();
    emit("one", "echo");
    await expect.poll(() => names(first.text())).toEqual(["one"]);
    first.socket.destroy();
    await expect.poll(() => clock.pendingTimers).toBe(2);
    clock.advance(4 * 60_000);
    emit("two", "echo");
    const second = await follow({}, `${RUN}-1`);
    await expect.poll(() => names(second.text())).toEqual(["two"]);
    expect(second.text()).not.toContain("event: gap");
    second.socket.destroy();
    await expect.poll(() => clock.pendingTimers).toBe(2);
    clock.advance(5 * 60_000);
    emit("three", "echo");
    emit("four");
    const third = await follow({}, `${RUN}-2`);
    emit("five", "echo");
    await expect.poll(() => names(third.text())).toEqual(["four", "five"]);
    expect(third.text()).toContain('event: gap\ndata: {"reason":"expired"}');
    third.socket.destroy();
  });

  it("finds no calls that nobody followed, and is not told of a gap when it asks for nothing", async () => {
    emit("one", "echo");
    const client = await follow();
    emit("two", "echo");
    await expect.poll(() => names(client.text())).toEqual(["two"]);
    expect(client.text()).not.toContain("event: gap");
    const again = await follow({}, `${RUN}-0`);
    await expect.poll(() => names(again.text())).toEqual(["two"]);
    expect(again.text()).toContain('event: gap\ndata: {"reason":"expired"}');
  });

  it("gets only what it asked for", async () => {
    const byServer = await follow({ servers: ["one"] });
    const byType = await follow({ types: ["call.finished"] });
    emit("one");
    emit("two");
    emit("two", "echo");
    streams.listener({ type: "gateway.started", timeMs: 0, version: "1" });
    emit("one");
    await expect.poll(() => names(byServer.text())).toEqual(["one", "one"]);
    await expect.poll(() => names(byType.text())).toEqual(["two"]);
    expect(byServer.text()).not.toContain("gateway.started");
  });

  it("gets nothing of servers and tools that its roles do not reach", async () => {
    access = { ...OPEN_ACCESS, reaches: (_caller, id) => id !== "hidden", admits: (_c, _s, tool) => tool !== "hidden" };
    const client = await follow();
    emit("hidden");
    emit("shown", "hidden");
    emit("shown", "echo");
    await expect.poll(() => names(client.text())).toEqual(["shown"]);
    expect(client.text()).not.toContain("hidden");
  });

  it.each([
    ["prompts/get", "shown__hidden"],
    ["prompts/get", "hidden"],
    ["resources/read", "hangar://shown/memo://hidden"],
    ["resources/subscribe", "memo://hidden"],
    ["completion/complete", "shown__hidden"],
    ["completion/complete", "hangar://shown/memo://hidden"],
  ] as const)("gets no request %s about %s that does not exist for it", async (method, subject) => {
    const hidden = ["prompts hidden", "resources memo://hidden"];
    access = { ...OPEN_ACCESS, shows: (_caller, _server, { kind, name }) => !hidden.includes(`${kind} ${name}`) };
    const client = await follow();
    const finished = (about: string | undefined): void => {
      streams.listener({
        ...sampleEvent("request.finished"),
        method,
        server: registeredName("shown"),
        subject: about,
      });
    };
    finished(subject);
    finished("shown__other");
    await expect.poll(client.text).toContain("other");
    expect(client.text()).not.toContain("hidden");
  });

  it("gets nothing whose message may name any server, unless it reaches all", async () => {
    access = { ...OPEN_ACCESS, reachesAll: () => false };
    const client = await follow();
    streams.listener({ ...sampleEvent("config.reloaded"), message: "added: hidden" });
    streams.listener({ ...sampleEvent("discovery.cycle_finished"), error: "hidden answers nothing" });
    emit("shown");
    await expect.poll(() => names(client.text())).toEqual(["shown"]);
    expect(client.text()).not.toContain("hidden");
  });

  it("gets no operation on what it does not reach", async () => {
    access = { ...OPEN_ACCESS, reaches: (_caller, server) => server === "shown" };
    const client = await follow();
    const operation = { ...sampleEvent("operation.finished"), change: undefined };
    for (const target of ["hidden", "shown", undefined]) streams.listener({ ...operation, target });
    await expect.poll(() => client.text().split("operation.finished").length).toBe(5);
    expect(client.text()).not.toContain("hidden");
  });

  it("hears a sign of life while nothing happens, and is sent away when its key is revoked", async () => {
    const client = await follow();
    await clock.advanceAsync(15_000);
    await expect.poll(client.text).toContain(": still here");
    access = {
      ...OPEN_ACCESS,
      identify: () => ({ kind: "refused", refusal: { status: 401, code: "x", message: "" } }),
    };
    await clock.advanceAsync(15_000);
    await expect.poll(client.text).toContain(": access has ended");
    emit("late");
    await expect.poll(client.text).toMatch(/\r\n0\r\n\r\n$/);
    expect(client.text()).not.toContain("late");
  });
});

describe("a client that does not read", () => {
  /** Emits until the kernel takes no more for the client, and then the queue of the gateway; others get everything. */
  async function overflow(): Promise<Awaited<ReturnType<typeof follow>>> {
    const slow = await follow();
    slow.socket.pause();
    const quick = await follow();
    let emitted = 0;
    while (clock.pendingTimers < 2 && emitted < 200_000) {
      for (let index = 0; index < 50; index++) emit(`server-${"x".repeat(4_000)}-${emitted++}`);
      await expect.poll(() => names(quick.text()).length).toBe(emitted);
    }
    // The heartbeat, and the end of the patience with the slow one.
    expect(clock.pendingTimers).toBe(2);
    return slow;
  }

  it("is sent away with a gap when its queue is full, and comes back to the log", async () => {
    const slow = await overflow();
    slow.socket.resume();
    await expect.poll(slow.text).toContain('event: gap\ndata: {"reason":"too_slow"}\n\n');
    await expect.poll(() => clock.pendingTimers).toBe(1);
    const last = [...slow.text().matchAll(/^id: (.+)$/gm)].at(-1)?.[1];
    const again = await follow({}, last);
    emit("the-end");
    await expect.poll(() => names(again.text()).at(-1)).toBe("the-end");
    expect(slow.text()).not.toContain("the-end");
  });

  it("is cut off when it does not even read that", async () => {
    const slow = await overflow();
    await clock.advanceAsync(10_000);
    slow.socket.resume();
    await expect.poll(slow.ended).toBe(true);
    expect(slow.text()).not.toContain("too_slow");
  });
});

describe("the stream", () => {
  it("takes no more clients than it can serve, and another as soon as one is gone", async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => follow()));
    expect(streams.isFull).toBe(true);
    clients[0]?.socket.destroy();
    await expect.poll(() => streams.isFull).toBe(false);
  });

  it("leaves a caller no more than ten of them, and one more as soon as one is gone", async () => {
    const http = { socket: { remoteAddress: "127.0.0.1" } } as IncomingMessage;
    const other = { ...CALLER, credential: "api_key:2" };
    const clients = await Promise.all(Array.from({ length: 10 }, () => follow()));
    expect(streams.isFullFor(CALLER, http)).toBe(true);
    // Of the same name, but another.
    expect(streams.isFullFor(other, http)).toBe(false);
    expect(streams.isFull).toBe(false);
    clients[0]?.socket.destroy();
    await expect.poll(() => streams.isFullFor(CALLER, http), { timeout: 60_000 }).toBe(false);
  });

  it("ends when the gateway does, and leaves no timer", async () => {
    const client = await follow();
    streams.close();
    await expect.poll(client.text).toContain(": the gateway is shutting down");
    expect(streams.isFull).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it("says that events are missing when more happened in one turn than it keeps", async () => {
    const client = await follow();
    for (let number = 1; number <= 1_001; number++) emit(`s${number}`);
    await expect.poll(() => names(client.text()).length).toBe(1_000);
    expect(client.text()).toContain('event: gap\ndata: {"reason":"expired"}');
  });
});
