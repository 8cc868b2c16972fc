import type { SpanAttributes } from "@mcp-hangar/telemetry";
import { afterEach, expect } from "vitest";
import type { CallResult, ToolCall } from "../../src/call.ts";
import { Gateway, type GatewayOptions } from "../../src/gateway.ts";
import type { ServerGroup } from "../../src/groups/server-group.ts";
import {
  circuitBreakerOptions,
  type EntryOptions,
  executionOptions,
  groupOptions,
  subprocessOptions,
} from "../../src/options.ts";
import {
  type FakeBehaviour,
  type FakePlatform,
  FakeTransport,
  fakePlatform,
  listeningTracer,
  RecordingBus,
} from "../../src/testing/index.ts";
import type { UpstreamReply, UpstreamRequest } from "../../src/transports/session.ts";
import { answers, OK, UNSENT } from "../fake-answers.ts";

/** A server that works. */
export const WORKS: Partial<FakeBehaviour> = { reply: answers(() => OK) };
/** A server that refuses the connection of each call. */
export const REFUSES: Partial<FakeBehaviour> = { reply: answers(() => UNSENT) };

/** What differs from the default of a bench. */
export interface BenchOptions {
  /** Keys of the group. */
  readonly group?: object;
  /** Keys of every server. */
  readonly server?: object;
  /** Keys of single servers, beside those of every one. */
  readonly servers?: Readonly<Record<string, object>>;
  /** Keys of single members. */
  readonly members?: Readonly<Record<string, object>>;
  readonly gateway?: Partial<GatewayOptions>;
}

/** A group `all` of fake servers with the given behaviours, in their order. */
export class GroupBench {
  readonly platform: FakePlatform = fakePlatform();
  readonly bus = new RecordingBus();
  readonly transports: Readonly<Record<string, FakeTransport>>;
  readonly gateway: Gateway;
  /** Events of spans, in order. */
  readonly spanEvents: (readonly [name: string, attributes: SpanAttributes | undefined])[] = [];

  constructor(behaviours: Readonly<Record<string, Partial<FakeBehaviour>>>, options: BenchOptions = {}) {
    const { platform, bus } = this;
    this.transports = Object.fromEntries(
      Object.entries(behaviours).map(([id, behaviour]) => [id, new FakeTransport(platform.clock, behaviour)]),
    );
    const server = (id: string): EntryOptions =>
      subprocessOptions.parse({ mode: "subprocess", command: "fake", ...options.server, ...options.servers?.[id] });
    const members = Object.keys(behaviours).map((id) => ({ id, ...options.members?.[id] }));
    const servers: Record<string, EntryOptions> = {
      ...Object.fromEntries(Object.keys(behaviours).map((id) => [id, server(id)])),
      all: groupOptions.parse({ mode: "group", members, ...options.group }),
    };
    const tracer = listeningTracer((name, attributes) => this.spanEvents.push([name, attributes]));
    this.gateway = new Gateway({
      servers,
      execution: executionOptions.parse({}),
      circuitBreaker: circuitBreakerOptions.parse({}),
      bus,
      platform,
      tracer,
      info: { name: "test", version: "0" },
      // What is registered later works.
      transports: (id) => this.transports[id] ?? new FakeTransport(platform.clock, WORKS),
      ...options.gateway,
    });
  }

  get group(): ServerGroup {
    const group = this.gateway.fleet.groups.get("all");
    if (group === undefined) throw new Error("the bench has lost its group");
    return group;
  }

  transport(id: string): FakeTransport {
    const transport = this.transports[id];
    if (transport === undefined) throw new Error(`the test has no server ${id}`);
    return transport;
  }

  /** Changes what a member does from now on. */
  behave(id: string, behaviour: Partial<FakeBehaviour>): void {
    Object.assign(this.transport(id).behaviour, behaviour);
  }

  /** Calls a tool of the group while time passes, and says after how many milliseconds it ended. */
  async call(call: Partial<ToolCall> = {}): Promise<readonly [result: CallResult, ms: number]> {
    const { clock } = this.platform;
    const startedMs = clock.nowMs();
    let result: CallResult | undefined;
    const running = this.gateway.callTool({ server: "all", tool: "do", ...call }).then((ended) => {
      result = ended;
    });
    for (let ms = 0; ms <= 301_000 && result === undefined; ms += 10) await clock.advanceAsync(ms === 0 ? 0 : 10);
    if (result === undefined) throw new Error("the call did not end");
    await running;
    return [result, clock.nowMs() - startedMs];
  }

  /** Calls the group so often and tells which members answered, or the codes of failures. */
  async calls(count: number, call: Partial<ToolCall> = {}): Promise<readonly string[]> {
    const seen: string[] = [];
    for (let index = 0; index < count; index++) {
      const [result] = await this.call(call);
      seen.push(result.kind === "failure" ? result.code : String(this.bus.of("call.finished").at(-1)?.server));
    }
    return seen;
  }

  /** Calls of tools that a member has received. */
  received(id: string): readonly UpstreamRequest[] {
    return this.transport(id).sessions.flatMap(({ requests }) =>
      requests.filter(({ method }) => method === "tools/call"),
    );
  }

  /** Who is out of rotation, and why. */
  out(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.group
        .snapshot()
        .members.flatMap(({ id, outBecause }) => (outBecause === undefined ? [] : [[id, outBecause]])),
    );
  }

  /** A reply that takes its time. */
  later(ms: number, reply: UpstreamReply): Promise<UpstreamReply> {
    return new Promise((resolve) => void this.platform.clock.schedule(ms, () => resolve(reply)));
  }
}

/** Makes benches, one a test, and checks after each test that every permit is back and every call was told of once. */
export function useGroupBench(): (...args: ConstructorParameters<typeof GroupBench>) => GroupBench {
  let bench: GroupBench | undefined;
  afterEach(async () => {
    if (bench === undefined) return;
    const { gateway, platform, bus } = bench;
    for (const server of gateway.fleet.all()) {
      expect([server.slots.inUse, server.slots.waiting, server.inFlight]).toEqual([0, 0, 0]);
    }
    for (const group of gateway.fleet.groups.all()) expect(group.inFlight).toBe(0);
    const ids = bus.of("call.finished").map(({ callId }) => callId);
    expect(new Set(ids).size).toBe(ids.length);
    await gateway.close();
    expect(platform.clock.pendingTimers).toBe(0);
    bench = undefined;
  });
  return (...args) => {
    bench = new GroupBench(...args);
    return bench;
  };
}
