import type { CallFinished, RequestFinished } from "../events.ts";
import { CALL_STATUSES, CURRENCIES, ERROR_TYPES, REJECTION_REASONS, TOKEN_KINDS } from "../vocabulary.ts";
import { LATENCY_SECONDS } from "./buckets.ts";
import { counter, histogram, nameOf, oneOf } from "./define.ts";

export const toolCalls = counter({
  name: "mcp_hangar_tool_calls_total",
  help: "Finished tool calls by outcome; each call is counted once.",
  labels: { mcp_server: nameOf("mcp_server"), tool: nameOf("tool"), status: oneOf(CALL_STATUSES) },
  on: {
    "call.finished": (event) => ({
      labels: { mcp_server: event.server, tool: event.tool, status: event.outcome.status },
      value: 1,
    }),
  },
});

export const toolCallDuration = histogram({
  name: "mcp_hangar_tool_call_duration_seconds",
  help: "Time from the arrival of a tool call to its outcome, failures included, rejections not.",
  labels: { mcp_server: nameOf("mcp_server"), tool: nameOf("tool") },
  buckets: LATENCY_SECONDS,
  on: {
    "call.finished": (event) =>
      event.outcome.status === "rejected"
        ? undefined
        : { labels: { mcp_server: event.server, tool: event.tool }, value: event.durationSeconds },
  },
});

export const toolCallErrors = counter({
  name: "mcp_hangar_tool_call_errors_total",
  help: "Tool calls that failed on the gateway's or the upstream's side, by cause; one a failed call.",
  labels: { mcp_server: nameOf("mcp_server"), tool: nameOf("tool"), error_type: oneOf(ERROR_TYPES) },
  on: {
    "call.finished": (event) => {
      const errorType = errorTypeOf(event);
      if (errorType === undefined) return undefined;
      return { labels: { mcp_server: event.server, tool: event.tool, error_type: errorType }, value: 1 };
    },
  },
});

export const toolCallRejections = counter({
  name: "mcp_hangar_tool_call_rejections_total",
  help: "Tool calls refused because of the caller: rate limit, missing access, invalid request, unknown tool.",
  labels: { mcp_server: nameOf("mcp_server"), reason: oneOf(REJECTION_REASONS) },
  on: {
    "call.finished": (event) =>
      event.outcome.status === "rejected"
        ? { labels: { mcp_server: event.server, reason: event.outcome.reason }, value: 1 }
        : undefined,
    // Nobody has read the message of a stranger: whether it was a call, and of which server, is unknown.
    "authentication.failed": ({ origin }) =>
      origin === "mcp" ? { labels: { mcp_server: undefined, reason: "unauthenticated" }, value: 1 } : undefined,
    "access.denied": ({ door, reason }) =>
      door === "mcp" && reason === "address_limited"
        ? { labels: { mcp_server: undefined, reason: "unauthenticated" }, value: 1 }
        : undefined,
  },
});

export const rateLimitHits = counter({
  name: "mcp_hangar_rate_limit_hits_total",
  help: "Calls, other requests and operations refused by the rate limit, by principal.",
  labels: { principal: nameOf("principal") },
  on: {
    "call.finished": rateLimitHit,
    "request.finished": rateLimitHit,
    "operation.finished": ({ outcome, caller }) =>
      outcome === "rate_limited" ? { labels: { principal: caller.id }, value: 1 } : undefined,
  },
});

function rateLimitHit({ outcome, caller }: CallFinished | RequestFinished) {
  return outcome.status === "rejected" && outcome.reason === "rate_limited"
    ? { labels: { principal: caller.id }, value: 1 }
    : undefined;
}
export const toolCallTokens = counter({
  name: "mcp_hangar_tool_call_tokens_total",
  help: "Tokens that servers report to have used for calls, by what they were used for.",
  labels: { mcp_server: nameOf("mcp_server"), kind: oneOf(TOKEN_KINDS) },
  // Hardly any server reports some.
  foreseenOf: [],
  on: {
    "call.finished": ({ server, usage }) =>
      usage === undefined
        ? undefined
        : TOKEN_KINDS.flatMap((kind) => {
            const value = kind === "input" ? usage.inputTokens : usage.outputTokens;
            return value === undefined ? [] : [{ labels: { mcp_server: server, kind }, value }];
          }),
  },
});

export const toolCallCost = counter({
  name: "mcp_hangar_tool_call_cost_total",
  help: "What servers report that calls have cost, in units of the currency.",
  labels: { mcp_server: nameOf("mcp_server"), currency: oneOf(CURRENCIES) },
  foreseenOf: [],
  on: {
    "call.finished": ({ server, usage }) => {
      if (usage?.cost === undefined) return undefined;
      const currency = CURRENCIES.find((known) => known === usage.currency) ?? "_other";
      return { labels: { mcp_server: server, currency }, value: usage.cost };
    },
  },
});

function errorTypeOf({ outcome }: CallFinished) {
  return outcome.status === "error" || outcome.status === "timeout" ? outcome.errorType : undefined;
}
