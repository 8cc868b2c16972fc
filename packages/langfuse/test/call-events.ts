import type { Clock } from "@mcp-hangar/delivery";
import { type Attempt, type CallFinished, LIBRARY_CLIENT, registeredName, Sensitive } from "@mcp-hangar/telemetry";

/** When every call of the tests ended. */
export const ENDED_MS = Date.UTC(2026, 9, 1, 12, 0, 0, 250);

let calls = 0;

/** A call that succeeded, with changes. */
export function callEvent(changes: Partial<CallFinished> = {}): CallFinished {
  calls += 1;
  return {
    type: "call.finished",
    timeMs: ENDED_MS,
    callId: `call-${calls}`,
    origin: "mcp",
    server: registeredName("math"),
    tool: registeredName("add"),
    requestedServer: "math",
    requestedTool: "add",
    outcome: { status: "success", resultType: "complete" },
    durationSeconds: 0.1,
    coldStart: false,
    caller: { type: "api_key", id: registeredName("ada"), roles: ["operator"], credential: "key:1" },
    client: LIBRARY_CLIENT,
    decision: { result: "allowed", by: "role:operator" },
    correlation: {},
    trace: undefined,
    group: undefined,
    attempts: [attempt()],
    rpcErrorCode: undefined,
    batch: undefined,
    arguments: new Sensitive<unknown>({ a: 1, b: 2 }),
    result: new Sensitive<unknown>(relayed({ content: [{ type: "text", text: "3" }] })),
    ...changes,
  };
}

/** As the gateway relays a result that it has parsed. */
export function relayed(value: unknown): object {
  return { bytes: undefined, value };
}

/** As the gateway relays a large result: it is not parsed, and asking for its value is a mistake. */
export function relayedBytes(json: string): object {
  return {
    bytes: Buffer.from(json),
    get value(): never {
      throw new Error("a large result was parsed");
    },
  };
}

export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    server: registeredName("math"),
    mode: "remote",
    protocolVersion: "2026-07-28",
    address: "math.example:8443",
    waitedSeconds: 0,
    coldStartSeconds: undefined,
    upstreamSeconds: 0.09,
    requestBytes: 120,
    responseBytes: 340,
    code: "success",
    ...changes,
  };
}

/** Real time, of which everything but the time of day goes `speed` times as fast. */
export function fastClock(speed: number): Clock {
  return {
    nowMs: () => performance.now() * speed,
    wallMs: () => Date.now(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs / speed);
      return () => clearTimeout(timer);
    },
    defer: (callback) => void setImmediate(callback),
  };
}
