import type { Platform } from "../platform/platform.ts";
import { isJsonObject, type JsonObject, type JsonValue, RPC } from "../protocol/json-rpc.ts";
import type { ResultPayload } from "../protocol/result-payload.ts";
import type { ServerRequestReply, UpstreamReply, UpstreamRequest, UpstreamSession } from "./session.ts";

/** Rounds after which a server that still wants something is given up. */
const ROUNDS_MAX = 10;
/** Questions of one round. */
const QUESTIONS_MAX = 32;
/** How long a server is left alone that wants nothing but to be asked again. */
const PAUSE_MS = 250;

/** What a server wants to know before it can answer. */
type InputRequired = { readonly kind: "result"; readonly result: ResultPayload };

/** Whether a server of the modern era answered that it needs something of the client first. */
export function wantsInput(reply: UpstreamReply): reply is InputRequired {
  return reply.kind === "result" && reply.result.summary.resultType === "input_required";
}

/** What came of one round: the params that the next request has besides its own, or the end of it all. */
type Round = { readonly kind: "answered"; readonly params: JsonObject } | Exclude<UpstreamReply, { kind: "result" }>;

/**
 * Puts the questions of a modern server to a legacy client as the requests it knows, and sends `request` again with the
 * answers and the server's own state, until the server answers. A client that refuses or cannot be asked ends it with an
 * error. Never rejects.
 */
export async function answerInputs(
  session: UpstreamSession,
  request: UpstreamRequest,
  first: InputRequired,
  platform: Platform,
): Promise<UpstreamReply> {
  const { inputResponses: _responses, requestState: _state, ...params } = request.params;
  let reply: UpstreamReply = first;
  for (let rounds = 0; wantsInput(reply); rounds++) {
    if (rounds === ROUNDS_MAX) return refusal(`${request.method} still wants input after ${ROUNDS_MAX} rounds`);
    const round = await orAborted(request, play(request, reply.result.value, platform));
    if (round.kind !== "answered") return round;
    reply = await session.request({ ...request, params: { ...params, ...round.params } });
  }
  return reply;
}

async function play(request: UpstreamRequest, wanted: JsonObject, platform: Platform): Promise<Round> {
  const { inputRequests, requestState } = wanted;
  const questions = isJsonObject(inputRequests) ? Object.entries(inputRequests) : [];
  const state = typeof requestState === "string" ? { requestState } : undefined;
  if (questions.length > QUESTIONS_MAX) return refusal(`${request.method} asks ${questions.length} questions at once`);
  if (questions.length === 0) {
    if (state === undefined) return refusal(`${request.method} wants input, but does not say which`);
    await pause(platform);
    return { kind: "answered", params: state };
  }
  const replies = await Promise.all(questions.map(([, question]) => ask(request, question, platform)));
  const inputResponses: [string, JsonObject][] = [];
  for (const [index, reply] of replies.entries()) {
    if (reply.kind === "error") return reply;
    inputResponses.push([questions[index]?.[0] ?? "", reply.result]);
  }
  // The keys are the server's: "__proto__" must become a key like any other.
  return { kind: "answered", params: { inputResponses: Object.fromEntries(inputResponses), ...state } };
}

async function ask(
  request: UpstreamRequest,
  question: JsonValue | undefined,
  platform: Platform,
): Promise<ServerRequestReply> {
  if (!isJsonObject(question) || typeof question.method !== "string") {
    return refusal(`${request.method} wants input of an unknown kind`);
  }
  const { method } = question;
  if (request.onServerRequest === undefined) return refusal(`${method}: the client behind this call cannot be asked`);
  const params = paramsFor(method, isJsonObject(question.params) ? question.params : {}, platform);
  try {
    const reply = await request.onServerRequest({ id: platform.uuid(), method, params });
    return reply.kind === "result" ? reply : refusal(`the client did not answer ${method}: ${reply.error.message}`);
  } catch (error) {
    return refusal(`the client could not be asked ${method}: ${String(error)}`);
  }
}

/** The params as the legacy era has them: there, elicitation by URL needs an id. */
function paramsFor(method: string, params: JsonObject, platform: Platform): JsonObject {
  if (method !== "elicitation/create" || params.mode !== "url" || params.elicitationId !== undefined) return params;
  return { ...params, elicitationId: platform.uuid() };
}

function pause({ clock }: Platform): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(PAUSE_MS, resolve);
  });
}

/** What comes of a round, unless the caller leaves or its time is up before. */
function orAborted({ signal, method }: UpstreamRequest, round: Promise<Round>): Promise<Round> {
  if (signal === undefined) return round;
  const message = `${method} was given up while its client was asked`;
  return new Promise((resolve) => {
    const settle = (outcome: Round): void => {
      signal.removeEventListener("abort", onAbort);
      resolve(outcome);
    };
    const onAbort = (): void => settle({ kind: "failed", errorType: "aborted", message, maybeExecuted: true });
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    void round.then(settle);
  });
}

function refusal(message: string): Extract<ServerRequestReply, { kind: "error" }> {
  return { kind: "error", error: { code: RPC.internalError, message } };
}
