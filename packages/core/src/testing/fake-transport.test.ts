import { describe, expect, it } from "vitest";
import type { SessionEnd, SessionObserver, UpstreamReply, UpstreamRequest } from "../transports/session.ts";
import { StartError } from "../transports/session.ts";
import { FakeClock, settlePromises } from "./fake-clock.ts";
import { type FakeSession, resultReply, serverWithTools } from "./fake-session.ts";
import { type FakeBehaviour, FakeTransport } from "./fake-transport.ts";

interface Setup {
  readonly clock: FakeClock;
  readonly transport: FakeTransport;
  readonly ends: SessionEnd[];
  readonly messages: string[];
  readonly observer: SessionObserver;
}

function setup(behaviour: Partial<FakeBehaviour> = {}): Setup {
  const clock = new FakeClock();
  const ends: SessionEnd[] = [];
  const messages: string[] = [];
  const observer: SessionObserver = {
    onNotification: () => {},
    onServerRequest: async () => ({ kind: "result", result: {} }),
    onClosed: (end) => ends.push(end),
    onLog: () => {},
    onMessage: (direction, kind) => messages.push(`${direction} ${kind}`),
  };
  return { clock, transport: new FakeTransport(clock, behaviour), ends, messages, observer };
}

async function open({ transport, observer }: Setup): Promise<FakeSession> {
  await transport.open(observer, new AbortController().signal);
  const session = transport.lastSession;
  if (session === undefined) throw new Error("The transport opened no session");
  return session;
}

function call(method: string, signal?: AbortSignal): UpstreamRequest {
  return { method, params: {}, signal, trace: {} };
}

async function failureOf(reply: Promise<UpstreamReply>): Promise<string> {
  const settled = await reply;
  return settled.kind === "failed" ? settled.errorType : settled.kind;
}

describe("FakeTransport.open", () => {
  it("takes the time it is told", async () => {
    const test = setup({ openDelayMs: 100 });
    const opening = test.transport.open(test.observer, new AbortController().signal);
    await test.clock.advanceAsync(99);
    expect([test.transport.opening, test.transport.live]).toEqual([1, 0]);
    await test.clock.advanceAsync(1);
    await opening;
    expect([test.transport.opening, test.transport.live, test.clock.pendingTimers]).toEqual([0, 1, 0]);
  });

  it("fails as it is told", async () => {
    const test = setup({ openError: new StartError("command_not_found", "no such command") });
    await expect(open(test)).rejects.toThrow("no such command");
    expect([test.transport.attempts, test.transport.live]).toEqual([1, 0]);
  });

  it("is torn down by its signal, a hanging one too", async () => {
    for (const behaviour of [{ openDelayMs: 100 }, { openHangs: true }]) {
      const test = setup(behaviour);
      const abort = new AbortController();
      const outcome = expect(test.transport.open(test.observer, abort.signal)).rejects.toMatchObject({
        code: "aborted",
      });
      await test.clock.advanceAsync(50);
      abort.abort();
      await outcome;
      expect([test.transport.opening, test.clock.pendingTimers]).toEqual([0, 0]);
    }
  });

  it("can deliver a session to somebody who has left", async () => {
    const test = setup({ openDelayMs: 100, openIgnoresAbort: true });
    const abort = new AbortController();
    const opening = test.transport.open(test.observer, abort.signal);
    abort.abort();
    await test.clock.advanceAsync(100);
    await opening;
    expect(test.transport.live).toBe(1);
  });
});

describe("FakeSession", () => {
  it("answers with the reply function of the moment, and counts messages", async () => {
    const test = setup();
    const session = await open(test);
    expect(await session.request(call("tools/list"))).toMatchObject({ kind: "result" });
    expect(await session.request(call("nothing"))).toMatchObject({ kind: "error" });
    test.transport.behaviour.reply = () => resultReply({ changed: true });
    const reply = await session.request(call("nothing"));
    expect(reply.kind === "result" && reply.result.value).toEqual({ changed: true });
    expect(test.messages.filter((message) => message === "sent request")).toHaveLength(3);
    expect(test.messages.filter((message) => message === "received error")).toHaveLength(1);
  });

  it("ends a hanging request when it is aborted, when the server crashes and when it is closed", async () => {
    for (const [end, errorType] of [
      ["abort", "aborted"],
      ["crash", "connection"],
      ["close", "connection"],
    ] as const) {
      const test = setup({ reply: () => "hang" });
      const session = await open(test);
      const abort = new AbortController();
      const reply = session.request(call("tools/call", abort.signal));
      await settlePromises();
      expect(session.inFlight).toBe(1);
      if (end === "abort") abort.abort();
      if (end === "crash") session.crash();
      if (end === "close") await session.close();
      expect(await failureOf(reply)).toBe(errorType);
      expect(session.inFlight).toBe(0);
    }
  });

  it("tells its owner of a crash once, and never after it was closed", async () => {
    const test = setup();
    const session = await open(test);
    session.crash("boom");
    session.crash("boom");
    await session.close();
    expect([test.ends, test.transport.live]).toEqual([[{ reason: "crashed", message: "boom" }], 0]);
    const second = await open(test);
    await Promise.all([second.close(), second.close()]);
    second.crash();
    expect([test.ends.length, test.transport.live]).toEqual([1, 0]);
  });

  it("refuses requests once it has ended, as something that never reached the server", async () => {
    const test = setup({ reply: serverWithTools("echo") });
    const session = await open(test);
    await session.close();
    expect(await session.request(call("ping"))).toMatchObject({ errorType: "connection", maybeExecuted: false });
  });

  it("is live until closing has taken its time", async () => {
    const test = setup({ closeDelayMs: 50 });
    const session = await open(test);
    const closing = session.close();
    await test.clock.advanceAsync(49);
    expect(test.transport.live).toBe(1);
    await test.clock.advanceAsync(1);
    await closing;
    expect(test.transport.live).toBe(0);
  });
});
