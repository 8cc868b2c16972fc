import { type Fleet, type FleetObserver, type Gateway, type JsonRpcNotification, LOCAL_CALLER } from "@mcp-hangar/core";
import { fakePlatform } from "@mcp-hangar/core/testing";
import { type Caller, LIBRARY_CLIENT, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { createRoles } from "../access/roles.ts";
import { Announcements } from "./announcements.ts";
import type { LegacySession } from "./legacy-session.ts";
import { createScope } from "./scope.ts";
import { type Opening, SessionStore } from "./session-store.ts";

const roles = createRoles({
  math: { permissions: ["tools:call"], tools: { allow: ["math"] } },
  pool: { permissions: ["tools:call"], tools: { allow: ["pool"] } },
  limited: {
    permissions: ["tools:call"],
    resources: { deny: ["secret/a"] },
    prompts: { deny: ["math/secret_*", "pool/secret_*", "member"] },
  },
});

const callerWith = (role: string): Caller => ({
  type: "api_key",
  id: registeredName(role),
  roles: [role],
  credential: `api_key:${role}`,
});

const opening = (caller: Caller): Opening => {
  return { protocolVersion: "2025-11-25", capabilities: {}, caller, client: LIBRARY_CLIENT };
};

/** A fleet of the servers `math`, `secret` and `member`, which is in the group `pool`. */
function setUp() {
  let observer: FleetObserver | undefined;
  const groups = { get: () => undefined, of: (id: string) => (id === "member" ? { id: "pool" } : undefined) };
  const fleet = {
    groups,
    observe: (given: FleetObserver) => {
      observer = given;
      return () => {};
    },
  } as unknown as Fleet;
  const gateway = { fleet } as Gateway;
  const sessions = new SessionStore({ platform: fakePlatform() });
  const announcements = new Announcements(gateway, createScope({ gateway, access: roles }, { kind: "all" }), sessions);
  const heard = new Map<string, string[]>();
  const hear =
    (who: string) =>
    ({ method }: JsonRpcNotification): void => {
      heard.set(who, [...(heard.get(who) ?? []), method]);
    };
  const session = (role: string): LegacySession => {
    const opened = sessions.open(opening(role === "local" ? LOCAL_CALLER : callerWith(role)));
    opened.attach(hear(role));
    opened.listed.add("tools").add("prompts");
    opened.logLevel = "debug";
    return opened;
  };
  const listener = (role: string): void => {
    const filter = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ["hangar://secret/a"] };
    const resources = new Map([["secret/a", ["hangar://secret/a", "a"]]]);
    announcements.listen({ filter, resources, caller: callerWith(role), send: hear(`modern ${role}`) });
  };
  /** Prompts of a server have changed, of these names. */
  const change = (server: string, ...names: readonly string[]): void => {
    const entry = { id: server } as unknown as Parameters<FleetObserver["onListChanged"]>[0];
    observer?.onListChanged(entry, "prompts", names.length === 0 ? undefined : new Set(names));
  };
  const happens = (server: string): void => {
    // What the announcements look at of a server is its id and what its rules hide.
    const entry = { id: server, catalog: { hides: () => false } } as unknown as Parameters<
      FleetObserver["onNotification"]
    >[0];
    observer?.onListChanged(entry, "tools");
    observer?.onNotification(entry, { method: "notifications/message", params: { level: "error", data: "x" } });
    observer?.onNotification(entry, { method: "notifications/resources/updated", params: { uri: "a" } });
  };
  return { session, listener, happens, change, heard };
}

const LIST = "notifications/tools/list_changed";
const PROMPTS = "notifications/prompts/list_changed";
const LOG = "notifications/message";
const UPDATED = "notifications/resources/updated";

describe("what happens at a server", () => {
  it("is told to those who may use something of it, and to nobody else", () => {
    const { session, listener, happens, heard } = setUp();
    for (const role of ["math", "agent", "viewer"]) {
      session(role).subscriptions.set("secret/a", { uri: "hangar://secret/a", release: () => {} });
      listener(role);
    }
    happens("secret");
    expect(Object.fromEntries(heard)).toEqual({ agent: [LIST, UPDATED], "modern agent": [LIST, UPDATED, UPDATED] });
    heard.clear();
    happens("math");
    expect(Object.fromEntries(heard)).toEqual({
      math: [LIST],
      agent: [LIST],
      "modern math": [LIST],
      "modern agent": [LIST],
    });
  });

  it("of a group concerns those who may use the group", () => {
    const { session, happens, heard } = setUp();
    session("pool");
    session("math");
    happens("member");
    expect(Object.fromEntries(heard)).toEqual({ pool: [LIST] });
  });

  it("and is about a resource is told to nobody for whom that does not exist", () => {
    const { session, listener, happens, heard } = setUp();
    for (const role of ["limited", "agent"]) {
      session(role).subscriptions.set("secret/a", { uri: "hangar://secret/a", release: () => {} });
      listener(role);
    }
    happens("secret");
    expect(heard.get("limited")).toEqual([LIST]);
    expect(heard.get("modern limited")).toEqual([LIST]);
    expect(heard.get("agent")).toContain(UPDATED);
  });

  it.each([
    ["math", ["secret_a"], false],
    ["math", ["secret_a", "secret_b"], false],
    ["math", ["secret_a", "open"], true],
    ["math", [], true],
    ["member", ["secret_a"], false],
    ["member", ["open"], true],
    ["other", ["secret_a"], true],
  ])("of %s and changes the prompts %j is told where some are hidden: %s", (server, names, expected) => {
    const { session, listener, change, heard } = setUp();
    for (const role of ["limited", "agent"]) {
      session(role);
      listener(role);
    }
    change(server, ...names);
    const told = expected ? [PROMPTS] : undefined;
    expect(heard.get("limited")).toEqual(told);
    expect(heard.get("modern limited")).toEqual(told);
    expect(heard.get("agent")).toEqual([PROMPTS]);
  });

  it("and is a log message from nobody knows whose call is told to nobody but the operator's own client", () => {
    const { session, happens, heard } = setUp();
    for (const role of ["math", "agent", "local"]) session(role);
    happens("math");
    expect(Object.fromEntries(heard)).toEqual({ math: [LIST], agent: [LIST], local: [LIST, LOG] });
  });

  it("is no longer told to a session whose caller lost the role", () => {
    const { session, happens, heard } = setUp();
    const opened = session("agent");
    opened.caller = { ...opened.caller, roles: [] };
    happens("secret");
    expect(heard.size).toBe(0);
  });
});

describe("a session", () => {
  it("is found by its own caller only, and knows the roles that the caller has now", () => {
    const store = new SessionStore({ platform: fakePlatform() });
    const session = store.open(opening(callerWith("agent")));
    expect(store.get(session.id, callerWith("math"))).toBeUndefined();
    expect(store.get(session.id, { ...callerWith("agent"), credential: "api_key:other" })).toBeUndefined();
    const now = { ...callerWith("agent"), roles: ["viewer"] };
    expect(store.get(session.id, now)).toBe(session);
    expect(session.caller.roles).toEqual(["viewer"]);
  });

  it("makes room for another one of whoever has the most, and not of who has been silent longest", () => {
    const store = new SessionStore({ platform: fakePlatform() });
    const quiet = store.open(opening(callerWith("math")));
    const first = store.open(opening(callerWith("agent")));
    first.attach(() => {});
    const second = store.open(opening(callerWith("agent")));
    while (store.size < 10_000) store.open(opening(callerWith("agent")));
    store.open(opening(callerWith("agent")));
    store.open(opening(callerWith("pool")));
    expect(store.size).toBe(10_000);
    expect(store.get(quiet.id, callerWith("math"))).toBe(quiet);
    // One that somebody listens to goes last.
    expect(store.get(first.id, callerWith("agent"))).toBe(first);
    expect(store.get(second.id, callerWith("agent"))).toBeUndefined();
  });
});
