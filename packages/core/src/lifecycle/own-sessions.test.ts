import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { type ServerOptions, subprocessOptions } from "../options.ts";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import { type Deadline, startDeadline } from "../resilience/deadline.ts";
import { FakeClock, FakeTransport, fakePlatform } from "../testing/index.ts";
import { type ServerRequestReply, StartError } from "../transports/session.ts";
import { type Lease, OwnSessions } from "./own-sessions.ts";
import type { Audience, ClientLine, Party } from "./session-party.ts";

const person = (name: string, type: Caller["type"] = "api_key"): Caller => {
  return { type, id: registeredName(name), roles: [], credential: `key of ${name}` };
};
const client = (id: string, logLevel?: string): ClientLine => {
  return {
    id,
    abilities: { roots: {} },
    isListening: true,
    logLevel,
    canAnswer: () => true,
    push: () => {},
    askAnytime: async ({ method }) => ({ kind: "result", result: { by: id, method } }),
  };
};
const by = (name: string, line?: ClientLine, type?: Caller["type"]): Party => ({ caller: person(name, type), line });
const until = (signal?: AbortSignal): Deadline => startDeadline(new FakeClock(), 60_000, signal);

function setUp(options: Partial<ServerOptions> = {}, behaviour: ConstructorParameters<typeof FakeTransport>[1] = {}) {
  const platform = fakePlatform();
  const transport = new FakeTransport(platform.clock, behaviour);
  const told: { readonly notification: JsonRpcNotification; readonly audience: Audience }[] = [];
  const logs: string[] = [];
  const sessions = new OwnSessions({
    id: registeredName("browser"),
    options: {
      ...subprocessOptions.parse({ mode: "subprocess", command: "fake" }),
      sessions: "per_caller",
      max_sessions: 3,
      ...options,
    },
    transport,
    platform,
    onLog: (line) => logs.push(line),
    onMessage: () => undefined,
    onNotification: (notification, audience) => told.push({ notification, audience }),
  });
  const lease = async (party: Party, deadline = until()): Promise<Lease> => {
    const acquired = await sessions.acquire(party, deadline);
    if ("code" in acquired) throw new Error(acquired.message);
    return acquired;
  };
  /** One request from beginning to end. */
  const use = async (party: Party): Promise<Lease["session"]> => {
    const { session, release } = await lease(party);
    release();
    return session;
  };
  return { ...platform, clock: platform.clock, transport, sessions, lease, use, told, logs };
}

describe("whose session it is", () => {
  it("is the caller's with per_caller, of whichever client, and the client's where callers do not say who they are", async () => {
    const { use } = setUp();
    const [first, second] = [client("1"), client("2")];
    const anns = await use(by("ann", first));
    expect(await use(by("ann", second))).toBe(anns);
    expect(await use(by("ann"))).toBe(anns);
    const nobodys = await use(by("nobody", first, "anonymous"));
    expect(nobodys).not.toBe(anns);
    expect(await use(by("nobody", first, "anonymous"))).toBe(nobodys);
    expect(await use(by("nobody", second, "anonymous"))).not.toBe(nobodys);
  });

  it("is the client's with per_client, and the caller's own where its clients keep no session", async () => {
    const { use } = setUp({ sessions: "per_client" });
    const [first, second] = [client("1"), client("2")];
    const one = await use(by("ann", first));
    expect(await use(by("ann", first))).toBe(one);
    expect(await use(by("ann", second))).not.toBe(one);
    const stateless = await use(by("ann"));
    expect(await use(by("ann"))).toBe(stateless);
    expect(stateless).not.toBe(one);
  });

  it("is for one request alone of those who cannot be told apart", async () => {
    const { use, sessions, transport } = setUp();
    const nobody = by("nobody", undefined, "anonymous");
    const [one, other] = await Promise.all([use(nobody), use(nobody)]);
    expect(one).not.toBe(other);
    await sessions.stop();
    expect([sessions.size, transport.live]).toEqual([0, 0]);
    expect(sessions.subscriptionsOf(nobody)).toMatchObject({ code: "invalid_request" });
  });

  it("decides who hears of it", async () => {
    const { use, transport, told } = setUp();
    await use(by("ann", client("1")));
    transport.lastSession?.emitNotification({ method: "notifications/resources/updated", params: { uri: "x" } });
    expect(
      [by("ann", client("2")), by("ann"), by("bob", client("1"))].map((party) => told[0]?.audience(party)),
    ).toEqual([true, true, false]);
  });

  it("decides who is asked: the client that used it last, until that has left", async () => {
    const { use, transport, sessions } = setUp();
    const [first, second] = [client("1"), client("2")];
    await use(by("ann", first));
    await use(by("ann", second));
    const ask = () => transport.lastSession?.emitRequest({ id: 1, method: "roots/list", params: {} });
    expect(await ask()).toEqual({ kind: "result", result: { by: "2", method: "roots/list" } });
    sessions.notify(second, { method: "notifications/roots/list_changed", params: {} });
    sessions.notify(first, { method: "notifications/roots/list_changed", params: {} });
    expect(transport.lastSession?.notifications).toHaveLength(1);
    sessions.left(second);
    expect(await ask()).toMatchObject({
      kind: "error",
      error: { message: "roots/list: no client can be asked, because no call is in flight" },
    });
    // It is the caller's, and stays.
    expect([sessions.size, transport.live]).toEqual([1, 1]);
  });
});

describe("while the client of a session is asked", () => {
  it("the time of its calls stands still, whichever of them waits for the answer", async () => {
    const { lease, transport, clock } = setUp();
    const answer = Promise.withResolvers<ServerRequestReply>();
    const line = { ...client("1"), askAnytime: () => answer.promise };
    const deadlines = [startDeadline(clock, 1_000), startDeadline(clock, 1_000)];
    const leases = await Promise.all(deadlines.map((deadline) => lease(by("ann", line), deadline)));
    const asked = transport.lastSession?.emitRequest({ id: 1, method: "roots/list", params: {} });
    await clock.advanceAsync(60_000);
    answer.resolve({ kind: "result", result: {} });
    expect(await asked).toEqual({ kind: "result", result: {} });
    await clock.advanceAsync(999);
    expect(deadlines.map((deadline) => deadline.timedOut())).toEqual([false, false]);
    await clock.advanceAsync(1);
    expect(deadlines.map((deadline) => deadline.timedOut())).toEqual([true, true]);
    for (const { release } of leases) release();
  });
});

describe("the number of sessions", () => {
  it("is bounded: the one goes that was idle for longest, of whoever has most", async () => {
    const { use, lease, clock, transport, logs } = setUp({ sessions: "per_client" });
    const bobs = await use(by("bob", client("b")));
    clock.advance(1_000);
    await use(by("ann", client("a1")));
    clock.advance(1_000);
    const held = await lease(by("ann", client("a2")));
    clock.advance(1_000);
    await use(by("cid", client("c")));
    expect(await use(by("bob", client("b")))).toBe(bobs);
    expect(transport.live).toBe(3);
    expect(logs).toEqual(["a session was ended before its time, to make room for another (max_sessions)"]);
    held.release();
  });

  it("is bounded: who is new is refused while all are in use, by a request or a subscription", async () => {
    const { lease, sessions, transport } = setUp({ max_sessions: 2 });
    const held = await lease(by("ann"));
    const subscriptions = sessions.subscriptionsOf(by("bob"));
    if ("code" in subscriptions) throw new Error(subscriptions.message);
    await subscriptions.add("page://", async () => {
      (await lease(by("bob"))).release();
      return true;
    });
    expect(await sessions.acquire(by("cid"), until())).toMatchObject({
      code: "overloaded",
      message: 'all 2 sessions with server "browser" (max_sessions) are in use; try again later',
      maybeExecuted: false,
    });
    // Whose subscription keeps a session uses it.
    expect(sessions.snapshot()).toEqual({ open: { in_use: 2, idle: 0 }, max: 2, refused: 1 });
    subscriptions.remove("page://");
    expect(sessions.snapshot()).toEqual({ open: { in_use: 1, idle: 1 }, max: 2, refused: 1 });
    expect(await lease(by("cid"))).toMatchObject({ isNew: true });
    expect(transport.live).toBe(2);
    held.release();
  });

  it("leaves room for others, whatever one caller keeps with as many clients as it likes", async () => {
    const { use, sessions } = setUp({ sessions: "per_client", max_sessions: 5 });
    const greedy = Array.from({ length: 5 }, (_each, index) => by("greedy", client(`g${index}`)));
    for (const party of greedy.slice(0, 4)) {
      await use(party);
      const subscriptions = sessions.subscriptionsOf(party);
      if ("code" in subscriptions) throw new Error(subscriptions.message);
      await subscriptions.add("page://", async () => true);
    }
    expect(await sessions.acquire(by("greedy", client("g5")), until())).toMatchObject({
      code: "overloaded",
      message:
        'all 4 of 5 sessions that one caller may have with server "browser" (max_sessions) are in use; try again later',
      maybeExecuted: false,
    });
    const anns = await use(by("ann", client("a")));
    await expect(use(by("greedy", client("g5")))).rejects.toThrow("one caller may have");
    expect(sessions.snapshot()).toEqual({ open: { in_use: 4, idle: 1 }, max: 5, refused: 2 });
    expect(await use(by("ann", client("a")))).toBe(anns);
  });

  it("falls when nobody uses them for their time to live, and those that are used stay", async () => {
    const { use, lease, sessions, clock, transport } = setUp({ idle_ttl_s: 60 });
    await use(by("ann"));
    const held = await lease(by("bob"));
    clock.advance(60_000);
    sessions.sweep(clock.nowMs());
    await clock.advanceAsync(0);
    expect([sessions.size, transport.live]).toEqual([1, 1]);
    held.release();
    sessions.sweep(clock.nowMs());
    expect(sessions.size).toBe(1);
    clock.advance(60_000);
    sessions.sweep(clock.nowMs());
    await clock.advanceAsync(0);
    expect([sessions.size, transport.live]).toEqual([0, 0]);
  });

  it("falls when a client leaves, with its last request", async () => {
    const { use, lease, sessions, clock, transport } = setUp({ sessions: "per_client" });
    const [idle, busy] = [client("1"), client("2")];
    await use(by("ann", idle));
    const held = await lease(by("ann", busy));
    sessions.left(idle);
    sessions.left(busy);
    await clock.advanceAsync(0);
    expect(transport.live).toBe(1);
    held.release();
    await clock.advanceAsync(0);
    expect([sessions.size, transport.live]).toEqual([0, 0]);
  });
});

describe("a start", () => {
  it("is one for all requests of its owner, and each leaves by its own signal", async () => {
    const { sessions, lease, clock, transport } = setUp({}, { openDelayMs: 1_000 });
    const leaving = new AbortController();
    const [stays, leaves] = [lease(by("ann")), sessions.acquire(by("ann"), until(leaving.signal))];
    await clock.advanceAsync(500);
    leaving.abort();
    expect(await leaves).toMatchObject({ code: "cancelled" });
    await clock.advanceAsync(500);
    expect(await stays).toMatchObject({ isNew: true });
    expect(transport.attempts).toBe(1);
  });

  it("takes turns with those of others, however many one caller has", async () => {
    const { lease, clock, transport } = setUp({ sessions: "per_client", max_sessions: 20 }, { openDelayMs: 1_000 });
    const many = Array.from({ length: 8 }, (_each, index) => lease(by("ann", client(`a${index}`))));
    const order: string[] = [];
    for (const [index, each] of many.entries()) void each.then(() => order.push(`a${index}`));
    const one = lease(by("bob", client("b"))).then(() => order.push("b"));
    await clock.advanceAsync(0);
    expect(transport.opening).toBeLessThanOrEqual(4);
    await clock.advanceAsync(10_000);
    await Promise.all([...many, one]);
    expect(order.indexOf("b")).toBeLessThan(4);
  });

  it("that fails says why to those who run the gateway, and is tried again by the next request", async () => {
    const openError = new StartError("exited", "it exited with 3: /secret/path");
    const { sessions, transport, lease, logs } = setUp({}, { openError });
    const refused = await sessions.acquire(by("ann"), until());
    expect(refused).toMatchObject({ code: "start_failed", maybeExecuted: false });
    expect("code" in refused && refused.message).not.toContain("/secret/path");
    expect(refused).toMatchObject({ diagnosis: expect.stringContaining("/secret/path") });
    expect(logs).toEqual([expect.stringContaining("/secret/path")]);
    expect(sessions.size).toBe(0);
    transport.behaviour.openError = undefined;
    expect(await lease(by("ann"))).toMatchObject({ isNew: true });
  });

  it("that takes too long is given up", async () => {
    const { sessions, clock, transport } = setUp({ start_timeout_s: 5 }, { openHangs: true });
    const acquired = sessions.acquire(by("ann"), until());
    await clock.advanceAsync(5_000);
    expect(await acquired).toMatchObject({ code: "start_failed", diagnosis: expect.stringContaining("5 s") });
    expect([transport.opening, sessions.size]).toEqual([0, 0]);
  });

  it("tells the server what its client wants: abilities, level of log messages, subscriptions", async () => {
    const capabilities = { tools: {}, logging: {}, resources: { subscribe: true } };
    const peer = {
      era: "legacy",
      protocolVersion: "2025-11-25",
      capabilities,
      info: { name: "f", version: "1" },
    } as const;
    const { use, sessions, transport } = setUp({}, { peer: { ...peer, instructions: undefined } });
    const ann = by("ann", client("1", "debug"));
    const subscriptions = sessions.subscriptionsOf(ann);
    if ("code" in subscriptions) throw new Error(subscriptions.message);
    await subscriptions.add("page://", async () => (await use(ann)) !== undefined);
    transport.lastSession?.crash();
    await use(ann);
    expect(
      transport.sessions.map(({ requests }) => requests.map(({ method, params }) => ({ method, params }))),
    ).toEqual([
      [{ method: "logging/setLevel", params: { level: "debug" } }],
      [
        { method: "logging/setLevel", params: { level: "debug" } },
        { method: "resources/subscribe", params: { uri: "page://" } },
      ],
    ]);
  });
});

describe("an end", () => {
  it("comes to a start that was for one request alone when that has left", async () => {
    const { sessions, clock, transport } = setUp({}, { openDelayMs: 1_000 });
    const leaving = new AbortController();
    const acquired = sessions.acquire(by("nobody", undefined, "anonymous"), until(leaving.signal));
    await clock.advanceAsync(500);
    leaving.abort();
    expect(await acquired).toMatchObject({ code: "cancelled" });
    await clock.advanceAsync(0);
    expect([sessions.size, transport.live, transport.opening]).toEqual([0, 0, 0]);
  });

  it("of one session leaves the others; the next request has a new one", async () => {
    const { use, lease, transport, sessions, logs } = setUp();
    const bobs = await use(by("bob"));
    const { session, release } = await lease(by("ann"));
    transport.lastSession?.crash("it crashed");
    release();
    expect(sessions.size).toBe(1);
    expect(await use(by("ann"))).not.toBe(session);
    expect(await use(by("bob"))).toBe(bobs);
    expect(logs).toEqual(["a session of one caller has ended: it crashed"]);
  });

  it("comes to a session that gives no sign of life after a call that was not answered", async () => {
    const { lease, clock, transport, sessions } = setUp({}, { reply: () => "hang" });
    const { doubt, release } = await lease(by("ann"));
    doubt();
    doubt();
    release();
    await clock.advanceAsync(5_000);
    expect(transport.lastSession?.requests.map(({ method }) => method)).toEqual(["ping"]);
    expect([sessions.size, transport.live]).toEqual([0, 0]);
  });

  it("comes to all when the server is stopped, those that are starting too", async () => {
    const { sessions, use, clock, transport } = setUp();
    await use(by("ann"));
    transport.behaviour.openHangs = true;
    const starting = sessions.acquire(by("bob"), until());
    await clock.advanceAsync(0);
    await sessions.stop();
    expect(await starting).toMatchObject({ code: "start_failed" });
    expect([sessions.size, transport.live, transport.opening]).toEqual([0, 0, 0]);
    transport.behaviour.openHangs = false;
    await use(by("ann"));
    await sessions.retire();
    expect(await sessions.acquire(by("ann"), until())).toMatchObject({ code: "start_failed" });
    expect([sessions.size, transport.live]).toEqual([0, 0]);
  });
});
