import { redactText } from "@mcp-hangar/telemetry";
import type { RemoteOptions } from "../../options.ts";
import type { CancelSignal } from "../../platform/cancellation.ts";
import { type Implementation, MODERN_VERSIONS, type PeerDescription, SUPPORTED_VERSIONS } from "../../protocol/eras.ts";
import { initializeParams, modernHop, readDiscoverResult } from "../../protocol/handshake.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonRpcErrorObject,
  type JsonValue,
  RPC,
} from "../../protocol/json-rpc.ts";
import { startDeadline } from "../../resilience/deadline.ts";
import { notificationText } from "../outgoing-message.ts";
import { type SessionObserver, StartError } from "../session.ts";
import { type Answer, ask } from "./ask.ts";
import { diagnose, notMcp } from "./diagnose.ts";
import { rpcErrorIn } from "./failures.ts";
import {
  gaveUp,
  initialized,
  isTaken,
  noCommonVersion,
  QUOTED_CHARS_MAX,
  resultOf,
  suggestsLegacy,
} from "./handshake-results.ts";
import { isPlainHeaderValue } from "./header-values.ts";
import type { HttpClient } from "./http-client.ts";
import type { LegacyHandshake } from "./legacy-session.ts";
import type { Ending } from "./message-exchange.ts";
import { sendAndWait } from "./posted-message.ts";
import { addRouting, postHeaders, sseStreamHeaders } from "./protocol-headers.ts";
import { introduce, openSse, type SseHandshake } from "./sse-handshake.ts";
import { SseLink } from "./sse-link.ts";

/** Whom to negotiate with, and as whom. */
export interface Parties {
  readonly client: HttpClient;
  readonly observer: SessionObserver;
  readonly clientInfo: Implementation;
  /** What legacy servers may ask of us. */
  readonly clientCapabilities: JsonObject;
  readonly fixedHeaders: readonly string[];
}

/** What came out of a negotiation. */
export type Negotiated =
  | { readonly kind: "modern"; readonly peer: PeerDescription }
  | { readonly kind: "legacy"; readonly handshake: LegacyHandshake }
  | { readonly kind: "sse"; readonly handshake: SseHandshake };

/** What is known of a server before it is asked. */
export interface Foreknowledge {
  /** The transport that is configured. */
  readonly transport: RemoteOptions["transport"];
  /** What came out of the last negotiation. */
  readonly last: Negotiated["kind"] | undefined;
}

/**
 * Finds out which transport and era the server speaks and shakes hands in it: modern first, then legacy, and then HTTP+SSE, as the
 * specification describes it for clients, unless it is known.
 * @throws StartError
 */
export async function negotiate(
  parties: Parties,
  { transport, last }: Foreknowledge,
  signal: CancelSignal,
): Promise<Negotiated> {
  if (transport === "sse" || (transport === "auto" && last === "sse")) {
    return { kind: "sse", handshake: await openSse(parties, signal) };
  }
  if (last !== "legacy") {
    const peer = await discover(parties, signal);
    if (peer !== undefined) return { kind: "modern", peer };
  }
  const answer = await askInitialize(parties, signal);
  const older = transport === "auto" && suggestsSse(answer) ? await trySse(parties, signal) : undefined;
  if (older !== undefined) return { kind: "sse", handshake: older };
  return { kind: "legacy", handshake: await afterInitialize(parties, answer, signal) };
}

/** Shakes hands with a legacy server. @throws StartError */
export async function initialize(parties: Parties, signal: CancelSignal): Promise<LegacyHandshake> {
  return afterInitialize(parties, await askInitialize(parties, signal), signal);
}

function askInitialize(parties: Parties, signal: CancelSignal): Promise<Answer> {
  const { client, observer, fixedHeaders } = parties;
  const question = {
    method: "initialize",
    params: initializeParams({ info: parties.clientInfo, capabilities: parties.clientCapabilities }),
    headers: postHeaders(fixedHeaders, undefined),
  };
  return ask(client, observer, question, signal);
}

/** Whether a server that answered `initialize` so may speak HTTP+SSE (2025-11-25, transports, backwards compatibility). */
function suggestsSse(answer: Answer): boolean {
  return answer.kind === "none" && answer.ending.kind === "status" && SSE_STATUSES.has(answer.ending.status);
}

const SSE_STATUSES: ReadonlySet<number> = new Set([400, 404, 405]);

/** Shakes hands over HTTP+SSE; `undefined` when the server does not speak it after all. */
async function trySse(parties: Parties, signal: CancelSignal): Promise<SseHandshake | undefined> {
  const { client, fixedHeaders } = parties;
  const deadline = startDeadline(client.clock, client.limits.probeTimeoutMs, signal);
  const opened = await SseLink.open(client, sseStreamHeaders(fixedHeaders), deadline.signal);
  deadline.dispose();
  return opened instanceof SseLink ? await introduce(parties, opened, signal) : undefined;
}

async function afterInitialize(parties: Parties, answer: Answer, signal: CancelSignal): Promise<LegacyHandshake> {
  const { client, observer, fixedHeaders } = parties;
  const { result, headers } = resultOf(answer, "initialize", client);
  const peer = initialized(result, client.endpoint);
  const sessionId = readSessionId(headers["mcp-session-id"], client.endpoint);
  observer.onMessage("sent", "notification");
  const text = notificationText({ method: "notifications/initialized", params: {} });
  const confirmed = await sendAndWait(
    client,
    { method: "POST", headers: postHeaders(fixedHeaders, peer.protocolVersion, sessionId), text },
    signal,
  );
  if (confirmed === "aborted") throw gaveUp("notifications/initialized", client.endpoint, true);
  if (!isTaken(confirmed)) throw diagnose(confirmed, "notifications/initialized", client);
  return { peer, sessionId };
}

/** The modern server's description, or `undefined` when `initialize` is worth a try. @throws StartError */
async function discover(parties: Parties, signal: CancelSignal): Promise<PeerDescription | undefined> {
  const { client } = parties;
  const deadline = startDeadline(client.clock, client.limits.probeTimeoutMs, signal);
  try {
    const answer = await askDiscover(parties, MODERN_VERSIONS[0], deadline.signal);
    if (answer.kind === "aborted" && deadline.timedOut()) return undefined;
    if (answer.kind === "result") return discovered(answer.result, client);
    const error = answer.kind === "none" ? errorOf(answer.ending) : answer.kind === "error" ? answer.error : undefined;
    if (error !== undefined) return await afterError(error, parties, deadline.signal);
    if (answer.kind === "none" && !suggestsLegacy(answer.ending))
      throw diagnose(answer.ending, "server/discover", client);
    if (answer.kind === "aborted") throw gaveUp("server/discover", client.endpoint, answer.sent);
    return undefined;
  } finally {
    deadline.dispose();
  }
}

async function afterError(
  error: JsonRpcErrorObject,
  parties: Parties,
  signal: CancelSignal,
): Promise<PeerDescription | undefined> {
  const { client } = parties;
  switch (error.code) {
    case RPC.unsupportedVersion: {
      const supported = isJsonObject(error.data) ? strings(error.data.supported) : [];
      const common = SUPPORTED_VERSIONS.find((version) => supported.includes(version));
      if (common === undefined && supported.length > 0) throw noCommonVersion(supported);
      if (common === undefined || !isModern(common)) return undefined;
      const answer = await askDiscover(parties, common, signal);
      return discovered(resultOf(answer, "server/discover", client).result, client);
    }
    case RPC.headerMismatch:
    case RPC.missingCapability: {
      const message = `${client.endpoint.href} refused server/discover: ${redactText(error.message, QUOTED_CHARS_MAX)} (${error.code}). Does a proxy in between change headers or bodies?`;
      throw new StartError("protocol_error", message);
    }
    default:
      return undefined;
  }
}

function askDiscover(parties: Parties, version: string, signal: CancelSignal): Promise<Answer> {
  const params = { _meta: modernHop(parties.clientInfo, version) };
  const headers = postHeaders(parties.fixedHeaders, version);
  addRouting(headers, "server/discover", params);
  return ask(parties.client, parties.observer, { method: "server/discover", params, headers }, signal);
}

function discovered(result: JsonObject, { endpoint }: HttpClient): PeerDescription | undefined {
  const outcome = readDiscoverResult(result, endpoint.host);
  switch (outcome.kind) {
    case "peer":
      return outcome.peer;
    case "malformed":
      // Some legacy servers answer any method with some result.
      return undefined;
    case "unsupported":
      if (SUPPORTED_VERSIONS.some((version) => outcome.versions.includes(version))) return undefined;
      throw noCommonVersion(outcome.versions, endpoint);
  }
}

/** The JSON-RPC error of a refusal that is about the request; the other statuses speak for themselves. */
function errorOf(ending: Ending): JsonRpcErrorObject | undefined {
  if (ending.kind !== "status" || !suggestsLegacy(ending)) return undefined;
  return rpcErrorIn(ending.body)?.error;
}

function readSessionId(value: string | string[] | undefined, endpoint: URL): string | undefined {
  if (value === undefined) return undefined;
  // A session id consists of visible ASCII characters (Streamable HTTP, session management).
  if (typeof value === "string" && isPlainHeaderValue(value)) return value;
  throw notMcp("its Mcp-Session-Id header is not plain ASCII", endpoint);
}

function strings(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter((item) => typeof item === "string") : [];
}

function isModern(version: string): boolean {
  return (MODERN_VERSIONS as readonly string[]).includes(version);
}
