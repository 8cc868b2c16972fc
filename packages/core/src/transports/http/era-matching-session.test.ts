import { describe, expect, it } from "vitest";
import { RecordingObserver, request } from "../../../test/http/open-session.ts";
import { FAKE_PEER, type FakeBehaviour, FakeClock, FakeTransport, settlePromises } from "../../testing/index.ts";
import { StartError, type UpstreamSession } from "../session.ts";
import { EraMatchingSession } from "./era-matching-session.ts";

const MODERN_PEER = { ...FAKE_PEER, era: "modern", protocolVersion: "2026-07-28" } as const;
const LEGACY = { clientEra: "legacy" } as const;

interface Setup {
  readonly clock: FakeClock;
  readonly observer: RecordingObserver;
  readonly logs: string[];
  readonly modern: FakeTransport;
  readonly legacy: FakeTransport;
  readonly session: EraMatchingSession;
  /** Methods that the latest session of each side was asked. */
  readonly asked: () => { readonly modern: readonly string[]; readonly legacy: readonly string[] };
}

async function setUp(legacyBehaviour: Partial<FakeBehaviour> = {}, isUseful = true): Promise<Setup> {
  const clock = new FakeClock();
  const logs: string[] = [];
  const observer = Object.assign(new RecordingObserver(), { onLog: (line: string) => void logs.push(line) });
  const modern = new FakeTransport(clock, { peer: MODERN_PEER });
  const legacy = new FakeTransport(clock, legacyBehaviour);
  const session = new EraMatchingSession(await modern.open(observer, new AbortController().signal), observer, {
    clock,
    openTimeoutMs: 1_000,
    openLegacy: async (twin, signal): Promise<UpstreamSession | undefined> => {
      const opened = await legacy.open(twin, signal);
      if (isUseful) return opened;
      await opened.close();
      return undefined;
    },
  });
  const methods = ({ lastSession }: FakeTransport): readonly string[] =>
    (lastSession?.requests ?? []).map(({ method }) => method);
  return {
    clock,
    observer,
    logs,
    modern,
    legacy,
    session,
    asked: () => ({ modern: methods(modern), legacy: methods(legacy) }),
  };
}

describe("a session with a server of both eras", () => {
  it("sends requests of legacy clients to the legacy side, and everything else to the modern one", async () => {
    const { session, legacy, asked } = await setUp();
    await request(session, "tools/list");
    await request(session, "tools/call", { clientEra: "modern" });
    expect(legacy.attempts).toBe(0);
    await request(session, "tools/call", LEGACY);
    await request(session, "prompts/get", LEGACY);
    expect(asked()).toEqual({ modern: ["tools/list", "tools/call"], legacy: ["tools/call", "prompts/get"] });
    expect(legacy.attempts).toBe(1);
  });

  it("describes itself to each era as the side that serves it", async () => {
    const { session } = await setUp();
    expect(session.peer).toBe(MODERN_PEER);
    expect(await session.peerFor("modern")).toBe(MODERN_PEER);
    expect(await session.peerFor("legacy")).toBe(FAKE_PEER);
  });

  it("opens its legacy side once for all who wait, and nobody is tied to it who leaves", async () => {
    const { session, clock, legacy, asked } = await setUp({ openDelayMs: 500 });
    const abort = new AbortController();
    const left = request(session, "tools/call", { ...LEGACY, signal: abort.signal });
    const waiting = [request(session, "tools/call", LEGACY), request(session, "prompts/get", LEGACY)];
    abort.abort();
    expect(await left).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: false });
    await clock.advanceAsync(500);
    await Promise.all(waiting);
    expect(legacy.attempts).toBe(1);
    expect(asked().legacy).toEqual(["tools/call", "prompts/get"]);
  });

  it("passes on what the legacy side announces, and asks outside of calls", async () => {
    const { session, legacy, observer } = await setUp();
    await session.peerFor("legacy");
    const notification = { method: "notifications/resources/updated", params: { uri: "a" } };
    legacy.lastSession?.emitNotification(notification);
    await legacy.lastSession?.emitRequest({ id: 1, method: "roots/list", params: {} });
    expect(observer.notifications).toEqual([notification]);
    expect(observer.requests).toMatchObject([{ method: "roots/list" }]);
  });

  it("drops a legacy side that ended, which is nobody's concern, and opens another on demand", async () => {
    const { session, legacy, observer } = await setUp();
    await request(session, "tools/call", LEGACY);
    legacy.lastSession?.crash();
    await settlePromises();
    expect([observer.ends.length, legacy.attempts, legacy.live]).toEqual([0, 1, 0]);
    expect(await request(session, "tools/call", LEGACY)).toMatchObject({ kind: "result" });
    expect([legacy.attempts, legacy.live]).toEqual([2, 1]);
  });

  it("closes both sides, and one that was just being opened", async () => {
    const open = await setUp();
    await open.session.peerFor("legacy");
    await open.session.close();
    expect([open.modern.live, open.legacy.live]).toEqual([0, 0]);
    const late = await setUp({ openDelayMs: 100, openIgnoresAbort: true });
    const pending = request(late.session, "tools/call", LEGACY);
    const closed = late.session.close();
    await late.clock.advanceAsync(100);
    await closed;
    expect([late.modern.live, late.legacy.live, late.legacy.attempts]).toEqual([0, 0, 1]);
    expect(await pending).toMatchObject({ kind: "failed", errorType: "connection" });
    expect(late.clock.pendingTimers).toBe(0);
  });
});

describe("a session with a server without a usable legacy side", () => {
  it.each([
    { name: "that refuses initialize", behaviour: { openError: new StartError("not_mcp", "no") }, isUseful: true },
    { name: "that keeps no sessions", behaviour: {}, isUseful: false },
  ])("$name is asked once, and then spoken to in the modern era only", async ({ behaviour, isUseful }) => {
    const { session, clock, legacy, logs, asked } = await setUp(behaviour, isUseful);
    await request(session, "tools/call", LEGACY);
    await clock.advanceAsync(3_600_000);
    await request(session, "prompts/get", LEGACY);
    expect(asked().modern).toEqual(["tools/call", "prompts/get"]);
    expect(await session.peerFor("legacy")).toBe(MODERN_PEER);
    expect([legacy.attempts, legacy.live, logs]).toEqual([1, 0, []]);
  });

  it.each([
    { name: "cannot be reached", behaviour: { openError: new StartError("connection_refused", "nobody") }, waitMs: 0 },
    { name: "does not answer", behaviour: { openHangs: true }, waitMs: 1_000 },
  ])("that $name is tried again after half a minute, and meanwhile served modern", async ({ behaviour, waitMs }) => {
    const { session, clock, legacy, logs, asked } = await setUp(behaviour);
    const first = request(session, "tools/call", LEGACY);
    await clock.advanceAsync(waitMs);
    expect(await first).toMatchObject({ kind: "result" });
    expect(asked().modern).toEqual(["tools/call"]);
    expect(logs).toEqual([expect.stringContaining("served in the modern era for 30 s")]);
    Object.assign(legacy.behaviour, { openError: undefined, openHangs: false });
    await clock.advanceAsync(29_999);
    await request(session, "tools/call", LEGACY);
    expect(legacy.attempts).toBe(1);
    await clock.advanceAsync(1);
    await request(session, "prompts/get", LEGACY);
    expect(legacy.attempts).toBe(2);
    expect(asked().legacy).toEqual(["prompts/get"]);
  });
});
