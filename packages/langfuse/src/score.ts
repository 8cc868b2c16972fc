import type { CallObservation } from "./call-observation.ts";

/** One score, as the scores API of Langfuse takes it (`POST /api/public/scores`). */
export interface Score {
  /** A score of the same id takes the place of the one before. */
  readonly id: string;
  readonly traceId: string;
  readonly observationId?: string | undefined;
  readonly name: string;
  /** 0 or 1 where it is boolean. */
  readonly value: number;
  readonly dataType: "BOOLEAN" | "NUMERIC";
  readonly environment?: string | undefined;
  readonly comment?: string | undefined;
}

/**
 * The scores of a call that a server had to do: whether it succeeded, and how long it took. A call that was refused or cancelled says
 * nothing about the tool.
 */
export function scoresOf({ facts, identity }: CallObservation, environment: string): readonly Score[] {
  const { status, durationMs } = facts;
  if (status === "rejected" || status === "cancelled") return [];
  const { traceId, spanId: observationId } = identity;
  const common = { traceId, observationId, environment };
  return [
    {
      id: `${observationId}-tool_success`,
      ...common,
      name: "tool_success",
      value: Number(status === "success"),
      dataType: "BOOLEAN",
    },
    {
      id: `${observationId}-tool_latency_ms`,
      ...common,
      name: "tool_latency_ms",
      value: durationMs,
      dataType: "NUMERIC",
    },
  ];
}
