import { redactText } from "@mcp-hangar/telemetry";
import type { CancelTimer } from "../../platform/platform.ts";
import { type Era, type PeerDescription, SUPPORTED_VERSIONS } from "../../protocol/eras.ts";
import {
  type HandshakeOutcome,
  type Introduction,
  initializeParams,
  modernHop,
  readDiscoverResult,
  readInitializeResult,
} from "../../protocol/handshake.ts";
import { isJsonObject, type JsonRpcErrorObject, RPC } from "../../protocol/json-rpc.ts";
import { StartError } from "../session.ts";
import type { StdioConnection } from "./connection.ts";

/** What a handshake needs to know. */
export interface HandshakeContext {
  readonly connection: StdioConnection;
  readonly introduction: Introduction;
  /** Name of a server that does not give its own. */
  readonly fallbackName: string;
  readonly probeTimeoutMs: number;
  readonly schedule: (delayMs: number, callback: () => void) => CancelTimer;
}

/** The connection ended during the handshake: the exit of the process says why. */
export class ConnectionEnded extends Error {}

/**
 * Finds out which era a server belongs to, beginning with `first`, and shakes hands.
 *
 * A server of unknown era is asked `server/discover`. Whatever it answers but a usable result, and if it stays silent,
 * `initialize` follows on the same pipe. A server that was merely slow to start may answer both: then the legacy
 * session stands, unless it was refused.
 * @throws StartError, ConnectionEnded
 */
export async function shakeHands(context: HandshakeContext, first: Era): Promise<PeerDescription> {
  if (first === "modern") {
    const discovery = ask(context, "server/discover");
    const early = await within(context, discovery);
    if (early?.kind === "peer") return early.peer;
    const answer = await initialize(context);
    if (answer.kind === "peer") return answer.peer;
    // Answers come in order as a rule, so that a late one has arrived by now.
    const late = early ?? (await within(context, discovery));
    if (late?.kind === "peer") return late.peer;
    throw refusal(answer, late);
  }
  const answer = await initialize(context);
  if (answer.kind === "peer") return answer.peer;
  const discovered = await within(context, ask(context, "server/discover"));
  if (discovered?.kind === "peer") return discovered.peer;
  throw refusal(answer, discovered);
}

type Answer = HandshakeOutcome | { readonly kind: "error"; readonly code: number; readonly message: string };

async function initialize(context: HandshakeContext): Promise<Answer> {
  const answer = await ask(context, "initialize");
  if (answer.kind === "peer") context.connection.notify({ method: "notifications/initialized", params: {} });
  return answer;
}

async function ask(context: HandshakeContext, method: "initialize" | "server/discover"): Promise<Answer> {
  const { connection, introduction, fallbackName } = context;
  const legacy = method === "initialize";
  const params = legacy ? initializeParams(introduction) : {};
  // No signal: cancelling an initialize is forbidden, and a cancelled probe would only confuse a legacy server.
  const reply = await connection.request(
    { method, params, signal: undefined, trace: {}, clientCapabilities: introduction.capabilities },
    legacy ? undefined : modernHop(introduction.info),
  );
  switch (reply.kind) {
    case "result":
      return (legacy ? readInitializeResult : readDiscoverResult)(reply.result.value, fallbackName);
    case "error":
      return readError(reply.error);
    case "failed":
      if (reply.errorType === "connection") throw new ConnectionEnded(reply.message);
      throw new StartError("not_mcp", reply.message);
  }
}

function readError({ code, message, data }: JsonRpcErrorObject): Answer {
  const supported = code === RPC.unsupportedVersion && isJsonObject(data) ? data.supported : undefined;
  if (!Array.isArray(supported)) return { kind: "error", code, message };
  return { kind: "unsupported", versions: supported.map(String) };
}

/** `undefined` when the answer does not come in time. */
async function within(context: HandshakeContext, answer: Promise<Answer>): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const cancel = context.schedule(context.probeTimeoutMs, () => resolve(undefined));
  // When nobody waits for a late answer any more, its failure is no news either.
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    cancel();
  }
}

function refusal(initialized: Answer, discovered: Answer | undefined): StartError {
  const versions = [initialized, discovered].flatMap((answer) =>
    answer?.kind === "unsupported" ? answer.versions : [],
  );
  if (versions.length > 0) {
    return new StartError(
      "unsupported_version",
      `the server speaks MCP ${short(versions.join(", "))} only; the gateway speaks ${SUPPORTED_VERSIONS.join(", ")}. Update the server.`,
    );
  }
  if (initialized.kind === "malformed") {
    return new StartError("not_mcp", `the answer to initialize is not MCP: ${initialized.reason}. Update the server.`);
  }
  const why = initialized.kind === "error" ? `${short(initialized.message)} (${initialized.code})` : "no usable answer";
  return new StartError("handshake_refused", `the server refused initialize: ${why}. Check its configuration.`);
}

/** Characters of the server's own words in a message about its start. */
const QUOTED_CHARS_MAX = 300;

function short(text: string): string {
  return redactText(text, QUOTED_CHARS_MAX);
}
