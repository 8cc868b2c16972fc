import { fakePlatform } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { SessionStore } from "./session-store.ts";

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

describe("a session", () => {
  it("exists for the caller who opened it and for no other", () => {
    const store = new SessionStore(fakePlatform());
    for (const owner of CALLERS) {
      const session = store.open("2025-11-25", {}, owner);
      const found = CALLERS.filter((caller) => store.get(session.id, caller) !== undefined);
      expect(found).toEqual([owner]);
    }
    store.closeAll();
  });

  it("stays its caller's when their name or roles change, and goes by what they are now", () => {
    const store = new SessionStore(fakePlatform());
    const [ann] = CALLERS;
    if (ann === undefined) throw new Error("there is no caller");
    const session = store.open("2025-11-25", {}, ann);
    const renamed = { ...ann, id: registeredName("anna"), roles: [] };
    expect(store.get(session.id, renamed)).toBe(session);
    expect(session.caller).toBe(renamed);
    store.close(session);
    expect(store.size).toBe(0);
    store.closeAll();
  });
});
