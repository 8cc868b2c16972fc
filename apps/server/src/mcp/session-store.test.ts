import { fakePlatform, RecordingBus } from "@mcp-hangar/core/testing";
import { type Caller, LIBRARY_CLIENT, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import { SessionRoom } from "./session-room.ts";
import { type Opening, SessionStore } from "./session-store.ts";

const CALLERS: readonly Caller[] = [
  { type: "api_key", id: registeredName("ann"), roles: ["agent"], credential: "api_key:1" },
  // The key that took the place of a revoked one, a token that names the same person, and people of other names.
  { type: "api_key", id: registeredName("ann"), roles: ["agent"], credential: "api_key:2" },
  { type: "jwt", id: registeredName("ann"), roles: ["agent"], credential: "jwt:https://a.example sub ann" },
  { type: "jwt", id: registeredName("ann"), roles: ["agent"], credential: "jwt:https://b.example sub ann" },
  { type: "api_key", id: registeredName("bob"), roles: ["admin"], credential: "api_key:3" },
  { type: "anonymous", id: registeredName("anonymous"), roles: [], credential: "anonymous" },
  { type: "local", id: registeredName("local"), roles: [], credential: "local" },
];

function storeOf(sessionRoom?: SessionRoom): SessionStore {
  return new SessionStore({ platform: fakePlatform(), sessionRoom });
}

function opening(caller: Caller): Opening {
  return { protocolVersion: "2025-11-25", capabilities: {}, caller, client: LIBRARY_CLIENT };
}

describe("a session", () => {
  it("exists for the caller who opened it and for no other", () => {
    const store = storeOf();
    for (const owner of CALLERS) {
      const session = store.open(opening(owner));
      const found = CALLERS.filter((caller) => store.get(session.id, caller) !== undefined);
      expect(found).toEqual([owner]);
    }
    store.closeAll("shutdown");
  });

  it("stays its caller's when their name or roles change, and goes by what they are now", () => {
    const store = storeOf();
    const [ann] = CALLERS;
    if (ann === undefined) throw new Error("there is no caller");
    const session = store.open(opening(ann));
    const renamed = { ...ann, id: registeredName("anna"), roles: [] };
    expect(store.get(session.id, renamed)).toBe(session);
    expect(session.caller).toBe(renamed);
    store.close(session, "client");
    expect(store.size).toBe(0);
    store.closeAll("shutdown");
  });
});

it.each(["shutdown", "server_removed"] as const)(
  "a session that is opened after the end of its endpoint (%s) ends at once, and both are told",
  (reason) => {
    const bus = new RecordingBus();
    const store = new SessionStore({ platform: fakePlatform(), bus });
    const [ann] = CALLERS;
    if (ann === undefined) throw new Error("there is no caller");
    store.closeAll(reason);
    const { id } = store.open(opening(ann));
    expect(store.size).toBe(0);
    expect(bus.of("session.opened")).toMatchObject([{ sessionId: id }]);
    expect(bus.of("session.closed")).toMatchObject([{ sessionId: id, reason }]);
  },
);

it("a session expires when its client is not heard of, which is told once, and is nobody's afterwards", () => {
  const [platform, bus] = [fakePlatform(), new RecordingBus()];
  const store = new SessionStore({ platform, bus });
  const [ann] = CALLERS;
  if (ann === undefined) throw new Error("there is no caller");
  const { id } = store.open(opening(ann));
  platform.clock.advance(50 * 60_000);
  expect(store.get(id, ann)?.id).toBe(id);
  platform.clock.advance(50 * 60_000);
  expect(store.size).toBe(1);
  platform.clock.advance(15 * 60_000);
  expect(store.get(id, ann)).toBeUndefined();
  const closed = bus.events.filter(({ type }) => type === "session.closed");
  expect(closed).toMatchObject([{ sessionId: id, reason: "expired", caller: ann }]);
  store.closeAll("shutdown");
});

it("a session is opened by somebody who has proved who they are, or was not asked", () => {
  const bus = new RecordingBus();
  const store = new SessionStore({ platform: fakePlatform(), bus });
  const ids = CALLERS.map((caller) => [caller, store.open(opening(caller)).id] as const);
  const proved = ids.filter(([{ type }]) => type === "api_key" || type === "jwt");
  expect(proved).toHaveLength(5);
  expect(bus.of("authentication.succeeded")).toMatchObject(
    proved.map(([caller, sessionId]) => ({ door: "mcp", caller, client: { sessionId } })),
  );
  store.closeAll("shutdown");
});

describe("the room for sessions", () => {
  it("is one for all endpoints, and whoever has the most gives way at any of them", () => {
    const room = new SessionRoom();
    const stores = [1, 2, 3].map(() => storeOf(room));
    const [first, second, third] = stores;
    const [ann, , , , bob] = CALLERS;
    if (!first || !second || !third || !ann || !bob) throw new Error("something is missing");
    const kept = third.open(opening(bob));
    const oldest = first.open(opening(ann));
    for (let count = 2; count < 10_000; count++) (count % 2 === 0 ? first : second).open(opening(ann));
    second.open(opening(ann));
    expect(first.size + second.size + third.size).toBe(10_000);
    expect(first.get(oldest.id, ann)).toBeUndefined();
    expect(third.get(kept.id, bob)).toBe(kept);
    for (const store of stores) store.closeAll("shutdown");
    // Every place was given back, once.
    const later = storeOf(room);
    for (let count = 0; count < 10_000; count++) later.open(opening(ann));
    expect(later.size).toBe(10_000);
    later.closeAll("shutdown");
  });

  it("goes by address where nobody is asked who they are", () => {
    const store = storeOf();
    const from = (address: string): Caller => ({ ...ANONYMOUS_CALLER, address });
    const quiet = store.open(opening(from("192.0.2.1")));
    for (let count = 0; count < 10_000; count++) store.open(opening(from("192.0.2.2")));
    expect(store.size).toBe(10_000);
    expect(store.get(quiet.id, from("192.0.2.1"))).toBe(quiet);
    store.closeAll("shutdown");
  });

  it("keeps nothing of what a client says but what servers may ask it", () => {
    const store = storeOf();
    const declared = { sampling: { tools: {} }, roots: { listChanged: true }, experimental: { lists: [[], []] } };
    const session = store.open({ ...opening(ANONYMOUS_CALLER), capabilities: declared });
    expect(JSON.stringify(session)).not.toContain("experimental");
    expect(session.askable).toEqual({ sampling: { tools: {} }, roots: {} });
    store.closeAll("shutdown");
  });
});
