import { type CallFacts, type CallFinished, type CapturePolicy, callFacts, payloadText } from "@mcp-hangar/telemetry";
import { callMetadata } from "./call-metadata.ts";
import { masked, plainMessage, SCRUBBED } from "./masking.ts";
import type { Settings } from "./options.ts";
import type { Attributes, Span } from "./otlp-json.ts";
import { isSampled, langfuseTraceId, type TraceIdentity, traceIdentity } from "./trace-identity.ts";

/** Characters of a message that are sent. */
const MESSAGE_CHARS_MAX = 2_000;
/** Langfuse drops users and sessions with longer names. */
const ID_CHARS_MAX = 200;

/** What is kept of a finished call until it is encoded: facts, and of the payload only what is captured. */
export interface HeldCall {
  readonly facts: CallFacts;
  /** What the caller calls the trace, as it came. */
  readonly traceId: string | undefined;
  readonly input: unknown;
  readonly output: unknown;
}

/** An observation of a call, and the call that it is of. */
export interface CallObservation {
  readonly facts: CallFacts;
  readonly identity: TraceIdentity;
  readonly span: Span;
}

/** Takes next to no time. What is not captured is let go at once. */
export function holdCall(event: CallFinished, { scrubInputs, scrubOutputs }: Settings): HeldCall {
  const policy = (capture: boolean): CapturePolicy => ({ exporter: "langfuse", capture });
  return {
    facts: callFacts(event),
    traceId: event.correlation.traceId,
    input: event.arguments.reveal(policy(!scrubInputs)),
    output: event.result?.reveal(policy(!scrubOutputs)),
  };
}

/** The observation of a call; `undefined` when its trace is not among those that are sent. */
export function observationOf(held: HeldCall, settings: Settings): CallObservation | undefined {
  const { facts } = held;
  const identity = traceIdentity(facts, held.traceId);
  if (!isSampled(identity.traceId, settings.sampleRate)) return undefined;
  const { traceId, spanId, parentSpanId } = identity;
  const { server, tool, timeMs } = facts;
  const level = levelOf(facts);
  const name = `${server}/${tool}`;
  const span = {
    traceId,
    spanId,
    parentSpanId,
    name,
    startMs: timeMs - facts.durationSeconds * 1_000,
    endMs: timeMs,
    isError: level === "ERROR",
    attributes: {
      "langfuse.observation.type": "tool",
      "langfuse.observation.level": level,
      "langfuse.observation.status_message": statusMessage(facts, settings),
      ...payloadAttributes(held, settings),
      // Below the span of an agent, it is the agent that names the trace.
      "langfuse.trace.name": parentSpanId === undefined ? name : undefined,
      "user.id": facts.userId?.slice(0, ID_CHARS_MAX),
      "session.id": facts.sessionId?.slice(0, ID_CHARS_MAX) ?? sessionDigest(facts.client.sessionId),
      ...deploymentAttributes(settings),
      ...usageAttributes(facts),
      ...callMetadata(facts, identity),
    },
  };
  return { facts, identity, span };
}

/** What is the same for everything that a gateway sends, and stands on every span so that each can be found by it. */
export function deploymentAttributes({ environment, release, version }: Settings): Attributes {
  return { "langfuse.environment": environment, "langfuse.release": release, "langfuse.version": version };
}

/** Whoever knows the id of a session may be taken for its client, so it stays here; calls of one session are together all the same. */
function sessionDigest(sessionId: string | undefined): string | undefined {
  return sessionId === undefined ? undefined : `mcp-${langfuseTraceId(`session ${sessionId}`)}`;
}

function levelOf({ status }: CallFacts): "DEFAULT" | "WARNING" | "ERROR" {
  if (status === "success") return "DEFAULT";
  return status === "rejected" || status === "cancelled" ? "WARNING" : "ERROR";
}

/** Words of our own, unless texts of errors are captured: servers quote in them what they were sent. */
function statusMessage(facts: CallFacts, { scrubOutputs, mask }: Settings): string | undefined {
  const { status, cause, message, rpcErrorCode, server, tool } = facts;
  if (status === "success") return undefined;
  const code = rpcErrorCode === undefined ? "" : ` (${rpcErrorCode})`;
  const summary = `${cause ?? status}${code}`;
  if (scrubOutputs || message === undefined) return summary;
  const text = plainMessage(message, MESSAGE_CHARS_MAX);
  return `${summary}: ${masked(mask, text, { field: "status_message", server, tool }, MESSAGE_CHARS_MAX)}`;
}

function payloadAttributes({ facts, input, output }: HeldCall, settings: Settings): Attributes {
  const { scrubInputs, scrubOutputs, mask, limits } = settings;
  const { payloadCharsMax } = limits;
  const { server, tool, status } = facts;
  const text = (payload: unknown, field: "input" | "output"): string | undefined =>
    payload === undefined
      ? undefined
      : masked(mask, payloadText(payload, payloadCharsMax), { field, server, tool }, payloadCharsMax);
  const hasOutput = status === "success" || facts.cause === "tool_error";
  return {
    "langfuse.observation.input": scrubInputs ? SCRUBBED : text(input, "input"),
    "langfuse.observation.output": scrubOutputs ? (hasOutput ? SCRUBBED : undefined) : text(output, "output"),
  };
}

/** What the server says that the call has cost. Langfuse counts in dollars. */
function usageAttributes({ usage, model }: CallFacts): Attributes {
  if (usage === undefined) return {};
  const { cost, currency, inputTokens: input, outputTokens: output } = usage;
  const isCounted = input !== undefined || output !== undefined;
  return {
    "langfuse.observation.model.name": model,
    "langfuse.observation.usage_details": isCounted ? JSON.stringify({ input, output }) : undefined,
    "langfuse.observation.cost_details":
      cost === undefined || currency !== "USD" ? undefined : JSON.stringify({ total: cost }),
  };
}
