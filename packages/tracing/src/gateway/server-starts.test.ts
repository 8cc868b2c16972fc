import { FakeClock } from "@mcp-hangar/delivery/testing";
import { type CallFinished, LIBRARY_CLIENT, registeredName, type ServerStateChanged } from "@mcp-hangar/telemetry";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { AlwaysOnSampler, RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { GatewayTracer } from "./call-tracer.ts";
import type { Draft } from "./local-trace.ts";
import { ServerStarts } from "./server-starts.ts";
import { TracingCore } from "./tracing-core.ts";

const server = registeredName("slow");

function gateway() {
  const clock = new FakeClock();
  const drafts: Draft[] = [];
  const core = new TracingCore({
    clock,
    ids: new RandomIdGenerator(),
    sampler: new AlwaysOnSampler(),
    keep: { errors: true, slowMs: undefined },
    payload: { captureArguments: false, captureResults: false, captureCharsMax: 1, hash: undefined },
    mayHaveBaggage: () => false,
    exportSpans: (draft) => drafts.push(draft),
    onMissing() {},
  });
  const starts = new ServerStarts(core);
  const begins = (from: ServerStateChanged["from"]): void =>
    starts.stateChanged({
      type: "server.state_changed",
      timeMs: clock.wallMs(),
      server,
      from,
      to: "initializing",
      cause: "start_requested",
    });
  const ends = (result: "success" | "failure", durationSeconds: number): void =>
    starts.finished({
      type: "server.start_finished",
      timeMs: clock.wallMs(),
      server,
      result,
      durationSeconds,
      diagnosis: result === "failure" ? "no" : undefined,
    });
  return { clock, drafts, tracer: new GatewayTracer(core, starts), begins, ends };
}

function sampleCall(): CallFinished {
  const found = sampleEvents().find((event) => event.type === "call.finished");
  if (found?.type !== "call.finished") throw new Error("there is no sample of a call");
  return found;
}

test("each attempt links to the start that it waited for, also when the server has been started again since", async () => {
  const { clock, drafts, tracer, begins, ends } = gateway();
  const event = sampleCall();
  const [usual] = event.attempts;
  if (usual === undefined) throw new Error("the sample has no attempt");
  const { caller } = event;
  const parts = {
    origin: "mcp",
    caller,
    client: LIBRARY_CLIENT,
    batchId: undefined,
    parent: {},
    link: undefined,
  } as const;
  const call = tracer.startCall({ server, tool: "add", method: "tools/call", ...parts });
  const attempts = [];
  for (const [from, result, startSeconds] of [
    ["cold", "failure", 2],
    ["dead", "success", 3],
  ] as const) {
    const span = call.startAttempt(server);
    // It waits for a slot first.
    await clock.advance(500);
    begins(from);
    await clock.advance(startSeconds * 1_000);
    ends(result, startSeconds);
    const attempt = { ...usual, server, waitedSeconds: 0.5, coldStartSeconds: startSeconds };
    attempts.push(attempt);
    // The second works for a minute, in which the server crashes and comes back.
    if (result === "success") {
      await clock.advance(60_000);
      begins("degraded");
      await clock.advance(1_000);
      ends("success", 1);
    }
    span.end(attempt);
    await clock.advance(10_000);
  }
  call.end({ ...event, attempts });
  const spans = drafts.flatMap((draft) => draft.make());
  const startOf = (state: string) =>
    spans.find(({ name, attributes }) => name === "server start" && attributes.get("mcp.server.state") === state);
  const waits = spans.filter(({ name }) => name === "cold start");
  expect(waits.map(({ links }) => links?.map(({ spanId }) => spanId))).toEqual([
    [startOf("cold")?.spanId],
    [startOf("dead")?.spanId],
  ]);
  expect(waits.map(({ attributes }) => attributes.get("mcp.server.state"))).toEqual(["cold", "dead"]);
});
