import type { BatchFinished, CallTracer } from "@mcp-hangar/telemetry";
import { afterEach, expect } from "vitest";
import { type BatchContext, Batches } from "../../src/batch/batches.ts";
import { ContinuationStore } from "../../src/batch/continuation-store.ts";
import type { BatchRefusal, BatchReport } from "../../src/batch/report.ts";
import { Gateway, type GatewayOptions } from "../../src/gateway.ts";
import { circuitBreakerOptions, executionOptions, subprocessOptions } from "../../src/options.ts";
import {
  type FakeBehaviour,
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  RecordingBus,
} from "../../src/testing/index.ts";
import type { UpstreamReply, UpstreamRequest } from "../../src/transports/session.ts";

/** A fleet of fake servers with the given behaviours, and batches over it. */
export class Bench {
  readonly platform: FakePlatform = fakePlatform();
  readonly bus = new RecordingBus();
  readonly transports: Readonly<Record<string, FakeTransport>>;
  readonly gateway: Gateway;
  readonly continuations: ContinuationStore;
  readonly batches: Batches;

  constructor(
    behaviours: Readonly<Record<string, Partial<FakeBehaviour>>>,
    options: Partial<GatewayOptions> & { readonly tracer?: CallTracer } = {},
  ) {
    const { platform, bus } = this;
    this.transports = Object.fromEntries(
      Object.entries(behaviours).map(([id, behaviour]) => [id, new FakeTransport(platform.clock, behaviour)]),
    );
    const server = subprocessOptions.parse({ mode: "subprocess", command: "fake" });
    this.gateway = new Gateway({
      servers: Object.fromEntries(Object.keys(behaviours).map((id) => [id, server])),
      execution: executionOptions.parse({}),
      circuitBreaker: circuitBreakerOptions.parse({}),
      bus,
      platform,
      info: { name: "test", version: "0" },
      transports: (id) => this.transport(id),
      ...options,
    });
    this.continuations = new ContinuationStore(platform);
    const { gateway, continuations } = this;
    this.batches = new Batches({ gateway, bus, platform, continuations, tracer: options.tracer });
  }

  transport(id: string): FakeTransport {
    const transport = this.transports[id];
    if (transport === undefined) throw new Error(`the test has no server ${id}`);
    return transport;
  }

  /** Calls of tools that the upstream has received. */
  received(id: string): readonly UpstreamRequest[] {
    return this.transport(id).sessions.flatMap(({ requests }) =>
      requests.filter(({ method }) => method === "tools/call"),
    );
  }

  /** Runs a batch while time passes, and says after how many milliseconds it answered. */
  async run(input: unknown, context?: BatchContext): Promise<[report: BatchReport, ms: number]> {
    const { clock } = this.platform;
    const startedMs = clock.nowMs();
    let answer: BatchReport | BatchRefusal | undefined;
    const running = this.batches.execute(input, context).then((report) => {
      answer = report;
    });
    // Longer than any batch may take.
    for (let ms = 0; ms <= 301_000 && answer === undefined; ms += 10) await clock.advanceAsync(10);
    if (answer === undefined) throw new Error("the batch did not answer");
    await running;
    if (!("results" in answer)) throw new Error(`the batch was refused: ${JSON.stringify(answer.errors)}`);
    return [answer, clock.nowMs() - startedMs];
  }

  /** A reply that takes its time. */
  later(ms: number, reply: UpstreamReply): Promise<UpstreamReply> {
    return new Promise((resolve) => void this.platform.clock.schedule(ms, () => resolve(reply)));
  }

  /** The one event of the one batch. */
  finished(): BatchFinished {
    const [event, ...more] = this.bus.of("batch.finished");
    expect(more).toEqual([]);
    if (event === undefined) throw new Error("the batch has emitted no event");
    return event;
  }

  /** How the calls ended, in order. */
  statuses(): readonly string[] {
    return this.bus.of("call.finished").map(({ outcome }) => outcome.status);
  }
}

/** A call of the tool `do`. */
export const call = (server: string, more: object = {}): object => ({ server, tool: "do", ...more });
/** So many calls. */
export const times = (count: number, make: (index: number) => object): readonly object[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Makes benches, one a test, and checks after each test that nothing of its batches is left. */
export function useBench(): (...args: ConstructorParameters<typeof Bench>) => Bench {
  let bench: Bench | undefined;
  afterEach(async () => {
    if (bench === undefined) return;
    expect(bench.batches.itemsExecuting).toBe(0);
    for (const server of bench.gateway.fleet.all()) {
      expect([server.slots.inUse, server.slots.waiting, server.snapshot().inFlight]).toEqual([0, 0, 0]);
    }
    await bench.gateway.close();
    bench.continuations.close();
    expect(bench.platform.clock.pendingTimers).toBe(0);
    bench = undefined;
  });
  return (...args) => {
    bench = new Bench(...args);
    return bench;
  };
}
