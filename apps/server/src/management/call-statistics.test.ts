import { type CallOutcome, type HangarEvent, registeredName } from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { expect, it } from "vitest";
import { CallStatistics } from "./call-statistics.ts";

const SUCCESS: CallOutcome = { status: "success", resultType: "complete" };

function finished(server: string | undefined, durationSeconds: number, outcome: CallOutcome = SUCCESS): HangarEvent {
  return {
    ...sampleEvent("call.finished"),
    server: server === undefined ? undefined : registeredName(server),
    outcome,
    durationSeconds,
  };
}

it("counts by outcome, and leaves rejections out of the durations", () => {
  const statistics = new CallStatistics();
  statistics.listener(finished("a", 1));
  statistics.listener(finished("a", 3, { status: "error", errorType: "tool_error", message: "" }));
  statistics.listener(finished("a", 0, { status: "rejected", reason: "rate_limited", message: "" }));
  statistics.listener(finished(undefined, 9));
  expect(statistics.of("a")).toEqual({
    calls: { success: 1, error: 1, timeout: 0, rejected: 1, cancelled: 0 },
    latency: { samples: 2, p50: 1, p95: 3, p99: 3, max: 3 },
  });
});

it("gives percentiles of the last 512 calls, by nearest rank", () => {
  const statistics = new CallStatistics();
  for (let index = 0; index < 1_000; index++) statistics.listener(finished("a", 1_000));
  for (let index = 512; index >= 1; index--) statistics.listener(finished("a", index));
  expect(statistics.of("a").latency).toEqual({ samples: 512, p50: 256, p95: 487, p99: 507, max: 512 });
  expect(statistics.of("a").calls.success).toBe(1_512);
});

it("knows nothing of a server that was never called or is gone", () => {
  const statistics = new CallStatistics();
  statistics.listener(finished("a", 1));
  statistics.listener({ type: "server.unregistered", timeMs: 0, server: registeredName("a") });
  for (const id of ["a", "b", "__proto__"]) {
    expect(statistics.of(id)).toEqual({
      calls: { success: 0, error: 0, timeout: 0, rejected: 0, cancelled: 0 },
      latency: undefined,
    });
  }
});
