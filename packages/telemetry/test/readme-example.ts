import {
  type CallFinished,
  catalog,
  LIBRARY_CLIENT,
  registeredName,
  Sensitive,
  TelemetryBus,
} from "@mcp-hangar/telemetry";

const bus = new TelemetryBus((listener, error) => process.emitWarning(`${listener} failed: ${String(error)}`));

// A listener is told of everything that happens; `type` says which fields the event has.
export const slowCalls: string[] = [];
const unsubscribe = bus.on("slow-calls", (event) => {
  if (event.type === "call.finished" && event.durationSeconds > 3) slowCalls.push(`${event.server}/${event.tool}`);
});

const call: CallFinished = {
  type: "call.finished",
  timeMs: Date.now(),
  callId: "call-1",
  origin: "mcp",
  // Names from the configuration are branded, so text that a caller typed cannot become a metric label.
  server: registeredName("math"),
  tool: registeredName("add"),
  requestedServer: "math",
  requestedTool: "add",
  outcome: { status: "timeout", errorType: "timeout", message: "No answer within 30 s." },
  durationSeconds: 30,
  coldStart: false,
  caller: { type: "anonymous", id: registeredName("anonymous"), roles: [], credential: "anonymous" },
  correlation: {},
  trace: undefined,
  client: LIBRARY_CLIENT,
  decision: undefined,
  group: undefined,
  attempts: [],
  rpcErrorCode: undefined,
  batch: undefined,
  // Prints as [redacted] wherever it ends up.
  arguments: new Sensitive({ a: 1, b: 2 }),
  result: undefined,
};
bus.emit(call);
unsubscribe();

// The catalog says how each metric is derived, so anybody can interpret it.
export const samples = catalog.toolCalls.on?.["call.finished"]?.(call);
