import { redactText } from "@mcp-hangar/telemetry";
import { type PeerDescription, SUPPORTED_VERSIONS } from "../../protocol/eras.ts";
import { readInitializeResult } from "../../protocol/handshake.ts";
import { type JsonObject, type JsonRpcErrorObject, RPC } from "../../protocol/json-rpc.ts";
import { StartError } from "../session.ts";
import type { Answer } from "./ask.ts";
import { diagnose, notMcp } from "./diagnose.ts";
import type { HttpClient } from "./http-client.ts";
import type { Ending } from "./message-exchange.ts";

/** Characters of the server's own words in a message about its start. */
export const QUOTED_CHARS_MAX = 300;

/** The result of a request of a handshake. @throws StartError that says why there is none. */
export function resultOf(answer: Answer, method: string, client: HttpClient): Extract<Answer, { kind: "result" }> {
  switch (answer.kind) {
    case "result":
      return answer;
    case "error":
      throw refusal(method, answer.error, client.endpoint);
    case "aborted":
      throw gaveUp(method, client.endpoint, answer.sent);
    case "none":
      throw diagnose(answer.ending, method, client);
  }
}

/** An endpoint that does not know the method is none of MCP; any other error is the answer of one that is. */
function refusal(method: string, { code, message }: JsonRpcErrorObject, endpoint: URL): StartError {
  const what = `refused ${method}: ${redactText(message, QUOTED_CHARS_MAX)} (${code})`;
  if (code === RPC.methodNotFound) return notMcp(`it ${what}`, endpoint);
  return new StartError("handshake_refused", `${endpoint.href} ${what}. Look into the server's configuration and log`);
}

/** The start was given up before the server had answered; `sent` tells whether it had been reached. */
export function gaveUp(method: string, endpoint: URL, sent: boolean): StartError {
  if (!sent) {
    const message = `no connection to ${endpoint.host} came about before the start was given up. Check the address, routes and firewalls`;
    return new StartError("timeout", message);
  }
  return new StartError(
    "timeout",
    `${endpoint.href} did not answer ${method} before the start was given up. Is the server slow to start? Then raise start_timeout_s`,
  );
}

/** Server and gateway have no revision of MCP in common. */
export function noCommonVersion(supported: readonly string[], endpoint?: URL): StartError {
  const who = endpoint === undefined ? "the server" : endpoint.href;
  return new StartError(
    "unsupported_version",
    `${who} speaks MCP ${redactText(supported.slice(0, 8).join(", "), QUOTED_CHARS_MAX)}; MCP Hangar speaks ${SUPPORTED_VERSIONS.join(", ")}. Update the older of the two`,
  );
}

/** The description of the server out of the result of `initialize`. @throws StartError */
export function initialized(result: JsonObject, endpoint: URL): PeerDescription {
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

/**
 * Whether a server took a notification. What it says to that matters to nobody: some answer with text, or refuse every
 * notification. Only what speaks of the connection, of access or of the session counts.
 */
export function isTaken(ending: Ending): boolean {
  if (ending.kind === "broken") return false;
  return ending.kind !== "status" || (ending.status >= 400 && suggestsLegacy(ending) && ending.status !== 404);
}

/** Whether the answer to an unknown method may be that of a legacy server. */
export function suggestsLegacy(ending: Ending): boolean {
  if (ending.kind !== "status") return ending.kind === "complete";
  const { status } = ending;
  return status >= 400 && status < 500 && ![401, 403, 407, 408, 429].includes(status);
}
