import { FakeClock } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import { LegacySession } from "./legacy-session.ts";
import { AnswerRoom } from "./resumption/answer-room.ts";
import { SessionAnswers } from "./resumption/session-answers.ts";
import { SubscriptionQuota } from "./subscription-quota.ts";

const NOBODY = { name: undefined, version: undefined };
const MEBIBYTE = 1_024 * 1_024;
const LONG = "x".repeat(8_000);

function caller(name: string): Caller {
  return { type: "api_key", id: registeredName(name), roles: [], credential: `api_key:${name}` };
}

function session(of: Caller, id: string): LegacySession {
  return new LegacySession({
    id,
    protocolVersion: "2025-11-25",
    capabilities: {},
    caller: of,
    client: NOBODY,
    answers: new SessionAnswers(new AnswerRoom(), new FakeClock(), "nobody"),
    nowMs: 0,
  });
}

/** Subscribes until there is no room, a limited number of times, and says how often there was. */
function fill(quota: SubscriptionQuota, of: Caller, sessions: number, uri: string): readonly (() => void)[] {
  const held: (() => void)[] = [];
  for (let index = 0; index < sessions; index++) {
    const own = { caller: of, session: session(of, `${of.credential}-${index}`) };
    for (let count = 0; count < 1_000; count++) {
      const giveBack = quota.take(own, uri);
      if (giveBack === undefined) break;
      held.push(giveBack);
    }
  }
  return held;
}

describe("room for subscriptions", () => {
  it("is bounded by session and by caller, and nobody takes that of others", () => {
    const quota = new SubscriptionQuota();
    const bytesEach = 8_000;
    const one = fill(quota, caller("alice"), 1, LONG).length;
    expect(one * bytesEach).toBeLessThanOrEqual(4 * MEBIBYTE);
    const all = one + fill(quota, caller("alice"), 100, LONG).length;
    expect(all).toBeGreaterThan(one);
    expect(all * bytesEach).toBeLessThanOrEqual(16 * MEBIBYTE);
    expect(fill(quota, caller("bob"), 1, LONG)).toHaveLength(one);
  });

  it("is enough for a thousand subscriptions to usual URIs in each of several sessions", () => {
    const quota = new SubscriptionQuota();
    expect(fill(quota, caller("alice"), 8, "hangar://files/file:///home/alice/notes/2026/a-note.md")).toHaveLength(
      8_000,
    );
  });

  it("is bounded in all, and by address for callers who have not said who they are", () => {
    const quota = new SubscriptionQuota();
    const from = (address: string): Caller => ({ ...ANONYMOUS_CALLER, address });
    const one = fill(quota, from("192.0.2.1"), 200, LONG);
    expect(one.length * LONG.length).toBeLessThanOrEqual(16 * MEBIBYTE);
    const others = [2, 3, 4, 5].flatMap((host) => fill(quota, from(`192.0.2.${host}`), 200, LONG));
    const held = [...one, ...others];
    expect(others.length).toBeGreaterThan(one.length);
    expect(held.length * LONG.length).toBeLessThanOrEqual(64 * MEBIBYTE);
    expect(quota.take({ caller: caller("alice"), session: undefined }, LONG)).toBeUndefined();
    // What is given back, even twice, is there for others once.
    for (const giveBack of held) giveBack();
    for (const giveBack of held) giveBack();
    expect(fill(quota, from("192.0.2.1"), 200, LONG)).toHaveLength(one.length);
  });
});
