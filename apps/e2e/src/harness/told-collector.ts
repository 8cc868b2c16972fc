import { OtlpReceiver, type ReceivedAttributes, type ReceivedSpan } from "@mcp-hangar/testing/otlp";
import { expect } from "vitest";
import type { Witness, WitnessedEvent } from "./witness.ts";

/** A collector that a gateway tells of everything. Disposing ends it. */
export interface ToldCollector extends AsyncDisposable {
  readonly receiver: OtlpReceiver;
  /** For the environment of the gateway. */
  readonly env: Readonly<Record<string, string>>;
}

/** Facts that have a span of their own. */
const WITH_SPAN = ["call.finished", "request.finished", "operation.finished"];
/** Operations that make calls, which are what is told of them: they have a span, and no fact of their own unless they could not be read. */
const OF_CALLS = ["runBatch", "callServerTool"];
/** It is told when it begins, and lasts as long as somebody watches: it has no span. */
const WITHOUT_SPAN = "followEvents";
/** Milliseconds that a busy machine may take over an answer: a request that is made again would tell its facts twice. */
const TIMEOUT_MS = "60000";

export async function toldCollector(): Promise<ToldCollector> {
  const receiver = await OtlpReceiver.start();
  return {
    receiver,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.httpUrl,
      OTEL_EXPORTER_OTLP_TIMEOUT: TIMEOUT_MS,
      OTEL_BSP_SCHEDULE_DELAY: "50",
    },
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

/**
 * Checks that the collector has exactly one log record of every event that has an audit record, and one span of every call, request and
 * operation, under the id that the record names; and nothing else that was served.
 */
export async function expectCollected({ receiver }: ToldCollector, { events }: Witness): Promise<void> {
  await expect
    .poll(() => {
      const happened = happenedIn(events());
      return { told: toldBy(receiver, new Set(happened.spans)), happened };
    })
    .toSatisfy(({ told, happened }) => {
      expect(told).toEqual(happened);
      return true;
    });
  expect(receiver.refusals).toEqual([]);
}

interface Told {
  /** Type and id of each record. */
  readonly records: readonly string[];
  /** Ids of trace and span of whatever was asked for. */
  readonly spans: readonly string[];
}

function toldBy({ logRecords, spans }: OtlpReceiver, ofFacts: ReadonlySet<string>): Told {
  const idOf = ({ traceId, spanId }: ReceivedSpan): string => `${traceId} ${spanId}`;
  const isOfFact = (span: ReceivedSpan): boolean =>
    ofFacts.has(idOf(span)) || !OF_CALLS.includes(String(span.attributes["mcp.operation.name"]));
  return {
    records: logRecords.map(({ eventName, attributes }) => `${eventName} ${eventIdIn(attributes)}`).sort(),
    spans: spans
      .filter((span) => isAsked(span) && isOfFact(span))
      .map(idOf)
      .sort(),
  };
}

function eventIdIn(attributes: ReceivedAttributes): string {
  return String(attributes["mcp.audit.event_id"]);
}

/** Neither an attempt at a server, nor a batch, nor what the gateway does by itself. */
function isAsked({ kind, attributes }: ReceivedSpan): boolean {
  return kind !== "SPAN_KIND_CLIENT" && ("mcp.method.name" in attributes || "mcp.operation.name" in attributes);
}

function happenedIn(events: readonly WitnessedEvent[]): Told {
  const records = events.flatMap(({ record }) => record ?? []);
  const withSpan = events.flatMap(({ type, record }) =>
    WITH_SPAN.includes(type) && record !== undefined && record.action !== WITHOUT_SPAN ? [record] : [],
  );
  return {
    records: records.map(({ type, id }) => `mcp_hangar.${type} ${id}`).sort(),
    spans: withSpan.map(({ trace_id: trace, span_id: span }) => `${trace} ${span}`).sort(),
  };
}
