import { decodeMessage } from "../../protocol/decode.ts";
import type { JsonRpcErrorObject, JsonRpcId } from "../../protocol/json-rpc.ts";
import { tooLarge, type UpstreamFailure } from "../session.ts";
import type { Ending } from "./message-exchange.ts";
import { retryAfter } from "./retry-after.ts";

/** Statuses that refuse a request before anything runs. 307 and 308 ask for the same request elsewhere (RFC 9110, 15.4.8). */
const REFUSED_BEFORE_EXECUTION: ReadonlySet<number> = new Set([
  307, 308, 401, 403, 404, 405, 406, 407, 411, 413, 415, 429,
]);
const EXCERPT_CHARACTERS = 200;

/** Turns the end of a response without an answer into the failure of the request `method`. */
export function failureOf(ending: Ending, method: string): UpstreamFailure {
  switch (ending.kind) {
    case "broken":
      return brokenConnection(
        ending.sent ? `the connection broke before ${method} was answered` : `no connection for ${method}`,
        ending,
      );
    case "unreadable":
      return failed("protocol", `the answer to ${method} is not MCP: ${ending.reason}`, true);
    case "too_large":
      return tooLarge(`the answer to ${method} is too large: ${ending.reason}`);
    case "complete":
      if (ending.stream) return failed("connection", `the event stream ended before ${method} was answered`, true);
      return failed(
        "protocol",
        `the server answered ${method} with HTTP ${ending.status} and no JSON-RPC response`,
        true,
      );
    case "status":
      return statusFailure(ending, method);
  }
}

/** Errors of connections name addresses, and what a name resolves to; callers get the code. */
function brokenConnection(what: string, { error, sent }: Extract<Ending, { kind: "broken" }>): UpstreamFailure {
  const code = errorCode(error);
  return {
    ...failed("connection", code === undefined ? what : `${what} (${code})`, sent),
    diagnosis: `${what}: ${describeError(error)}`,
  };
}

/** What becomes of a request when its session is closed under it. */
export function httpCloseFailure(method: string, maybeExecuted: boolean): UpstreamFailure {
  return failed("connection", `the session was closed before ${method} was answered`, maybeExecuted);
}

function statusFailure(ending: Extract<Ending, { kind: "status" }>, method: string): UpstreamFailure {
  const { status, headers } = ending;
  const message = `the server answered ${method} with ${describeStatus(ending)}`;
  const failure = failed(errorTypeOf(status), message, !REFUSED_BEFORE_EXECUTION.has(status));
  if (isServerFault(status)) return { ...failure, ...retryAfter(headers) };
  if (status < 400) {
    // Where a server leads is where it is, in the network behind the gateway.
    const plain = `the server answered ${method} with HTTP ${status}, a redirect, which is not followed`;
    return { ...failure, answered: true, message: plain, diagnosis: message };
  }
  return { ...failure, answered: true, ...(status === 429 ? retryAfter(headers) : {}) };
}

/** Whether a status says that the server is in trouble. Any other is the answer of one that works. */
function isServerFault(status: number): boolean {
  return status >= 500 || status === 408;
}

function errorTypeOf(status: number): UpstreamFailure["errorType"] {
  if (isServerFault(status)) return "upstream_error";
  if (status === 429) return "overloaded";
  if (status === 401 || status === 403 || status === 407) return "upstream_auth";
  // A redirect is no answer to the request: there is no MCP at this address.
  return status < 400 ? "protocol" : "upstream_rejected";
}

/**
 * What becomes of a request whose answer broke off and could not be taken up again: it had reached the server, whatever
 * the attempt to get the rest says.
 */
export function resumeFailure({ message, diagnosis }: UpstreamFailure): UpstreamFailure {
  const what = "the answer broke off and could not be taken up again";
  const failure = failed("connection", `${what}: ${message}`, true);
  return diagnosis === undefined ? failure : { ...failure, diagnosis: `${what}: ${diagnosis}` };
}

/**
 * Whether a refusal means that the server does not know the session id it was given. 404 is the status for that.
 * Servers built after the well-known SDK example say 400 instead, and a restarted single-session server says that it is
 * not initialized; both refuse before they look at the request.
 */
export function meansUnknownSession(ending: Extract<Ending, { kind: "status" }>): boolean {
  if (ending.status === 404) return true;
  return ending.status === 400 && /session|not initialized/i.test(rpcErrorIn(ending.body)?.error.message ?? "");
}

/** "HTTP 503: <beginning of the body>", with the target of a redirect. */
export function describeStatus(ending: Extract<Ending, { kind: "status" }>): string {
  const { status, headers } = ending;
  const location = headers.location;
  if (status >= 300 && status < 400 && location !== undefined) {
    return `HTTP ${status}, a redirect to ${excerpt(String(location))}; only 307 and 308 within one origin are followed, five times at most, so set endpoint to the final address`;
  }
  const error = rpcErrorIn(ending.body);
  const text = error?.error.message ?? ending.body.toString("utf8");
  return text.trim() === "" ? `HTTP ${status}` : `HTTP ${status}: ${excerpt(text)}`;
}

/** The JSON-RPC error in the body of an HTTP error, if there is one. */
export function rpcErrorIn(
  body: Buffer,
): { readonly id: JsonRpcId | null; readonly error: JsonRpcErrorObject } | undefined {
  // 0x7b is an opening brace: error pages need not be parsed.
  if (body[0] !== 0x7b) return undefined;
  const message = decodeMessage(body);
  return message.kind === "error" ? message : undefined;
}

/** A message that names the error's code, which undici and Node.js often leave out of the text. */
export function describeError(error: Error): string {
  const code = errorCode(error);
  if (code === undefined || error.message.includes(code)) return error.message === "" ? error.name : error.message;
  return error.message === "" ? code : `${error.message} (${code})`;
}

/** The code of a system, TLS or undici error, of its cause when it has none itself. */
export function errorCode(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  return error.cause instanceof Error ? errorCode(error.cause) : undefined;
}

function excerpt(text: string): string {
  const flat = text.replace(/[\s\p{Cc}\ufffd]+/gu, " ").trim();
  return flat.length <= EXCERPT_CHARACTERS ? flat : `${flat.slice(0, EXCERPT_CHARACTERS)}…`;
}

function failed(errorType: UpstreamFailure["errorType"], message: string, maybeExecuted: boolean): UpstreamFailure {
  return { kind: "failed", errorType, message, maybeExecuted };
}
