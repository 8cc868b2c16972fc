import type { TelemetryBus } from "./bus.ts";
import type { Journal } from "./journal.ts";
import type { CallTracer } from "./tracer.ts";
import type { UsageReader } from "./usage.ts";

/** What the runtime tells of itself, handed through to whatever does work for callers. */
export interface Telemetry {
  readonly bus: TelemetryBus;
  /** Makes spans; trace context is only passed on when absent. */
  readonly tracer?: CallTracer | undefined;
  /** Keeps an audit trail without holes; nothing waits for one when absent. */
  readonly journal?: Journal | undefined;
  /** Reads what servers say that calls have cost; nobody looks for it when absent. */
  readonly readUsage?: UsageReader | undefined;
}
