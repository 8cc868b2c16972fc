import { expect, test } from "vitest";
import { ResultPayload } from "../../protocol/result-payload.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { UpstreamReply } from "../session.ts";
import type { StdioConnection } from "./connection.ts";
import { shakeHands } from "./handshake.ts";

const MODERN = { supportedVersions: ["2026-07-28"], capabilities: {} };
const LEGACY = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "s", version: "1" } };
const REFUSAL: UpstreamReply = { kind: "error", error: { code: -32601, message: "Method not found" } };
const result = (value: typeof MODERN | typeof LEGACY): UpstreamReply => ({
  kind: "result",
  result: ResultPayload.ofValue(value),
});

/** A server that answers a method after some milliseconds, or never. */
type Script = Readonly<Record<string, readonly [afterMs: number, reply: UpstreamReply]>>;

async function negotiate(
  script: Script,
  first: "modern" | "legacy",
): Promise<{ outcome: unknown; sent: string[]; timers: number }> {
  const clock = new FakeClock();
  const sent: string[] = [];
  const connection: Pick<StdioConnection, "request" | "notify"> = {
    request: ({ method }) => {
      sent.push(method);
      return new Promise((resolve) => {
        const [afterMs, reply] = script[method] ?? [];
        if (reply !== undefined) clock.schedule(afterMs ?? 0, () => resolve(reply));
      });
    },
    notify: ({ method }) => void sent.push(method),
  };
  const context = {
    connection: connection as StdioConnection,
    introduction: { info: { name: "c", version: "1" }, capabilities: {} },
    fallbackName: "s",
    probeTimeoutMs: 5_000,
    schedule: (delayMs: number, callback: () => void) => clock.schedule(delayMs, callback),
  };
  const outcome = shakeHands(context, first).then(
    (peer) => peer.era,
    (error: { code?: string }) => error.code,
  );
  for (let seconds = 0; seconds < 30; seconds++) await clock.advanceAsync(1_000);
  return { outcome: await outcome, sent, timers: clock.pendingTimers };
}

test.each<[string, "modern" | "legacy", Script, string, string[]]>([
  ["a modern server", "modern", { "server/discover": [10, result(MODERN)] }, "modern", ["server/discover"]],
  [
    "a legacy server",
    "modern",
    { "server/discover": [10, REFUSAL], initialize: [10, result(LEGACY)] },
    "legacy",
    ["server/discover", "initialize", "notifications/initialized"],
  ],
  [
    "a legacy server that swallows what it does not know",
    "modern",
    { initialize: [10, result(LEGACY)] },
    "legacy",
    ["server/discover", "initialize", "notifications/initialized"],
  ],
  [
    "a modern server that takes longer to start than the probe waits",
    "modern",
    { "server/discover": [8_000, result(MODERN)], initialize: [4_000, REFUSAL] },
    "modern",
    ["server/discover", "initialize"],
  ],
  [
    "a server that was legacy the last time and is modern now",
    "legacy",
    { "server/discover": [10, result(MODERN)], initialize: [10, REFUSAL] },
    "modern",
    ["initialize", "server/discover"],
  ],
  [
    "a server known to be legacy",
    "legacy",
    { initialize: [20_000, result(LEGACY)] },
    "legacy",
    ["initialize", "notifications/initialized"],
  ],
  [
    "a server that refuses both",
    "modern",
    { "server/discover": [10, REFUSAL], initialize: [10, REFUSAL] },
    "handshake_refused",
    ["server/discover", "initialize"],
  ],
  [
    "a server of a later revision only",
    "modern",
    { "server/discover": [10, result({ ...MODERN, supportedVersions: ["2099-01-01"] })], initialize: [10, REFUSAL] },
    "unsupported_version",
    ["server/discover", "initialize"],
  ],
])("settles with %s", async (_name, first, script, outcome, sent) => {
  expect(await negotiate(script, first)).toEqual({ outcome, sent, timers: 0 });
});
