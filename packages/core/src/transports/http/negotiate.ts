import { redactText } from "@mcp-hangar/telemetry";
import type { Era } from "../../protocol/eras.ts";
import { type Implementation, MODERN_VERSIONS, type PeerDescription, SUPPORTED_VERSIONS } from "../../protocol/eras.ts";
import { initializeParams, modernHop, readDiscoverResult, readInitializeResult } from "../../protocol/handshake.ts";
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
import { isPlainHeaderValue } from "./header-values.ts";
import type { HttpClient } from "./http-client.ts";
import type { LegacyHandshake } from "./legacy-session.ts";
import type { Ending } from "./message-exchange.ts";
import { sendAndWait } from "./posted-message.ts";
import { addRouting, postHeaders } from "./protocol-headers.ts";

/** Characters of the server's own words in a message about its start. */
const QUOTED_CHARS_MAX = 300;

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
  | { readonly era: "modern"; readonly peer: PeerDescription }
  | { readonly era: "legacy"; readonly handshake: LegacyHandshake };

/**
 * Finds out which era the server speaks and shakes hands in it: modern first, unless `known` says legacy.
 * @throws StartError
 */
export async function negotiate(parties: Parties, known: Era | undefined, signal: AbortSignal): Promise<Negotiated> {
  if (known !== "legacy") {
    const peer = await discover(parties, signal);
    if (peer !== undefined) return { era: "modern", peer };
  }
  return { era: "legacy", handshake: await initialize(parties, signal) };
}

/** Shakes hands with a legacy server. @throws StartError */
export async function initialize(parties: Parties, signal: AbortSignal): Promise<LegacyHandshake> {
  const { client, observer, fixedHeaders } = parties;
  const question = {
    method: "initialize",
    params: initializeParams({ info: parties.clientInfo, capabilities: parties.clientCapabilities }),
    headers: postHeaders(fixedHeaders, undefined),
  };
  const answer = await ask(client, observer, question, signal);
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
  if (!isTaken(confirmed)) throw diagnose(confirmed, "notifications/initialized", client.endpoint);
  return { peer, sessionId };
}

/**
 * Whether a server took a notification. What it says to that matters to nobody: some answer with text, or refuse every
 * notification. Only what speaks of the connection, of access or of the session counts.
 */
function isTaken(ending: Ending): boolean {
  if (ending.kind === "broken") return false;
  return ending.kind !== "status" || (ending.status >= 400 && suggestsLegacy(ending) && ending.status !== 404);
}

/** The modern server's description, or `undefined` when `initialize` is worth a try. @throws StartError */
async function discover(parties: Parties, signal: AbortSignal): Promise<PeerDescription | undefined> {
  const { client } = parties;
  const deadline = startDeadline(client.clock, client.limits.probeTimeoutMs, signal);
  try {
    const answer = await askDiscover(parties, MODERN_VERSIONS[0], deadline.signal);
    if (answer.kind === "aborted" && deadline.timedOut()) return undefined;
    if (answer.kind === "result") return discovered(answer.result, client);
    const error = answer.kind === "none" ? errorOf(answer.ending) : answer.kind === "error" ? answer.error : undefined;
    if (error !== undefined) return await afterError(error, parties, deadline.signal);
    if (answer.kind === "none" && !suggestsLegacy(answer.ending))
      throw diagnose(answer.ending, "server/discover", client.endpoint);
    if (answer.kind === "aborted") throw gaveUp("server/discover", client.endpoint, answer.sent);
    return undefined;
  } finally {
    deadline.dispose();
  }
}

async function afterError(
  error: JsonRpcErrorObject,
  parties: Parties,
  signal: AbortSignal,
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

function askDiscover(parties: Parties, version: string, signal: AbortSignal): Promise<Answer> {
  const params = { _meta: modernHop(parties.clientInfo, version) };
  const headers = postHeaders(parties.fixedHeaders, version);
  addRouting(headers, "server/discover", params);
  return ask(parties.client, parties.observer, { method: "server/discover", params, headers }, signal);
}

function initialized(result: JsonObject, endpoint: URL): PeerDescription {
  const outcome = readInitializeResult(result, endpoint.host);
  switch (outcome.kind) {
    case "peer":
      return outcome.peer;
    case "malformed":
      throw notMcp(`the result of initialize is malformed: ${outcome.reason}`, endpoint);
    case "unsupported":
      throw noCommonVersion(outcome.versions, endpoint);
  }
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

/** Whether the answer to an unknown method may be that of a legacy server. */
function suggestsLegacy(ending: Ending): boolean {
  if (ending.kind !== "status") return ending.kind === "complete";
  const { status } = ending;
  return status >= 400 && status < 500 && ![401, 403, 407, 408, 429].includes(status);
}

function resultOf(answer: Answer, method: string, client: HttpClient): Extract<Answer, { kind: "result" }> {
  switch (answer.kind) {
    case "result":
      return answer;
    case "error":
      throw refusal(method, answer.error, client.endpoint);
    case "aborted":
      throw gaveUp(method, client.endpoint, answer.sent);
    case "none":
      throw diagnose(answer.ending, method, client.endpoint);
  }
}

/** An endpoint that does not know the method is none of MCP; any other error is the answer of one that is. */
function refusal(method: string, { code, message }: JsonRpcErrorObject, endpoint: URL): StartError {
  const what = `refused ${method}: ${redactText(message, QUOTED_CHARS_MAX)} (${code})`;
  if (code === RPC.methodNotFound) return notMcp(`it ${what}`, endpoint);
  return new StartError("handshake_refused", `${endpoint.href} ${what}. Look into the server's configuration and log`);
}

function gaveUp(method: string, endpoint: URL, sent: boolean): StartError {
  if (!sent) {
    const message = `no connection to ${endpoint.host} came about before the start was given up. Check the address, routes and firewalls`;
    return new StartError("timeout", message);
  }
  return new StartError(
    "timeout",
    `${endpoint.href} did not answer ${method} before the start was given up. Is the server slow to start? Then raise start_timeout_s`,
  );
}

function noCommonVersion(supported: readonly string[], endpoint?: URL): StartError {
  const who = endpoint === undefined ? "the server" : endpoint.href;
  return new StartError(
    "unsupported_version",
    `${who} speaks MCP ${redactText(supported.slice(0, 8).join(", "), QUOTED_CHARS_MAX)}; MCP Hangar speaks ${SUPPORTED_VERSIONS.join(", ")}. Update the older of the two`,
  );
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
