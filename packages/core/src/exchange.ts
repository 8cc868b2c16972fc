import type { AttemptSpan } from "@mcp-hangar/telemetry";
import { Admission, type LateVerdict } from "./admission.ts";
import { AttemptRecord, attemptCode } from "./attempt.ts";
import { CallRecord, type CallResult, LOCAL_CALLER, type RelayContext } from "./call.ts";
import { type Failure, failure } from "./errors.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { Lease, OwnSessions } from "./lifecycle/own-sessions.ts";
import type { CancelSignal } from "./platform/cancellation.ts";
import type { Clock, Platform } from "./platform/platform.ts";
import type { PeerDescription } from "./protocol/eras.ts";
import type { JsonObject } from "./protocol/json-rpc.ts";
import { resultOf, verdictOf, verdictOfFailure } from "./reply-meaning.ts";
import type { RequestRecord } from "./request-record.ts";
import type { ConcurrencyLimit } from "./resilience/concurrency-limit.ts";
import { type Deadline, startDeadline } from "./resilience/deadline.ts";
import { type Talk, talkOf } from "./talk.ts";
import type { TaskCall, TaskGround } from "./tasks/task-call.ts";
import { answerInputs, wantsInput } from "./transports/input-rounds.ts";
import type { UpstreamRequest, UpstreamSession } from "./transports/session.ts";
import type { Witnesses } from "./witnesses.ts";

/** One request to one server. */
export interface Exchange {
  readonly method: string;
  readonly context: RelayContext;
  readonly record: CallRecord | RequestRecord;
  /** What is sent once a session is there; a failure refuses at the last moment. */
  readonly params: (session: UpstreamSession, peer: PeerDescription) => { readonly params: JsonObject } | Failure;
  /** The task that is wished for in place of a result; absent for everything else. */
  readonly task?: TaskCall | undefined;
  readonly onColdStart?: () => void;
}

/** What exchanges share. */
export interface ExchangeParts {
  readonly platform: Platform;
  readonly slots: ConcurrencyLimit;
  readonly witnesses: Witnesses;
}

/** Capacity, readiness and the request itself, all before one deadline. */
export async function exchangeWith(
  server: ManagedServer,
  exchange: Exchange,
  { platform, slots, witnesses }: ExchangeParts,
  signal: CancelSignal | undefined,
): Promise<CallResult> {
  const timeoutMs = exchange.context.timeoutMs ?? server.options.call_timeout_s * 1_000;
  const { clock } = platform;
  const deadline = startDeadline(clock, timeoutMs, signal, Math.max(timeoutMs, server.options.max_call_s * 1_000));
  const { record } = exchange;
  const attempt = new AttemptRecord(server);
  record.attempts.push(attempt);
  const span = record.span.startAttempt(server.id);
  const conclude = (result: CallResult): CallResult => {
    const told = expired(result, deadline, timeoutMs, server);
    attempt.code = attemptCode(told);
    return told;
  };
  // From here to the end: a server that is removed from the fleet finishes the calls that have found it.
  server.beginUse();
  try {
    const admitted = new Admission(server, slots, record.caller).admit(deadline.signal);
    const admission = admitted instanceof Promise ? await timed(admitted, attempt, "waitedSeconds", clock) : admitted;
    if (admission.kind === "failure") return conclude(admission);
    let verdict: LateVerdict = "neutral";
    let lease: Lease | undefined;
    try {
      let session = server.session() ?? (await coldStart(server, exchange, { attempt, deadline, clock }));
      // The lifecycle has a backoff of its own for servers that do not start; the breaker judges those that run.
      if ("code" in session) return conclude(session);
      if (server.ownSessions !== undefined) {
        const own = await ownSession(server.ownSessions, exchange, { attempt, deadline, clock });
        if ("code" in own) {
          // There is no backoff for these.
          if (own.code === "start_failed") verdict = "failure";
          return conclude(own);
        }
        lease = own;
        session = own.session;
      }
      attempt.protocolVersion = session.peer.protocolVersion;
      const peer = exchange.task === undefined ? session.peer : await session.peerFor("legacy");
      const prepared = exchange.params(session, peer);
      if ("code" in prepared) return conclude(prepared);
      const refusal = witnesses.mustAgree ? await begin(exchange, witnesses, deadline.signal) : undefined;
      if (refusal !== undefined) return conclude(refusal);
      const sentMs = clock.nowMs();
      const talk = talkOf(exchange.context, { server, deadline, clock });
      const request = upstreamRequest(exchange, prepared.params, { attempt, span, deadline, talk });
      let reply = await session.request(request);
      attempt.upstreamSeconds = (clock.nowMs() - sentMs) / 1_000;
      verdict = verdictOf(reply, sentMs, server);
      if (lease !== undefined && deadline.timedOut()) lease.doubt();
      if (exchange.task !== undefined) reply = exchange.task.taken(reply, groundOf({ server, session, peer, lease }));
      if (request.clientEra === "legacy" && wantsInput(reply)) {
        reply = await answerInputs(session, request, reply, platform);
        if (reply.kind === "failed") {
          // The server has answered once: how long the client takes over its answers says nothing about the server.
          if (reply.errorType !== "aborted") verdict = verdictOfFailure(reply);
          // And it has begun to work, whatever became of the last round.
          reply = { ...reply, maybeExecuted: true };
        }
      }
      // One crash is one failure, however many calls it took along: the breaker would outlast the restart.
      if (verdict === "failure" && !server.signs.isNews(session)) verdict = "neutral";
      return conclude(resultOf(reply, server));
    } finally {
      lease?.release();
      admission.release(verdict);
    }
  } finally {
    span.end(attempt);
    server.endUse(attempt);
    deadline.dispose();
  }
}

/** What there is to a wait for a session. */
interface Wait {
  readonly attempt: AttemptRecord;
  readonly deadline: Deadline;
  readonly clock: Clock;
}

function coldStart(
  server: ManagedServer,
  exchange: Exchange,
  { attempt, deadline, clock }: Wait,
): ReturnType<ManagedServer["ensureReady"]> {
  exchange.onColdStart?.();
  return timed(server.ensureReady(deadline.signal), attempt, "coldStartSeconds", clock);
}

/** The session of the caller or client alone; its start is a cold one, too. */
async function ownSession(
  sessions: OwnSessions,
  { record, context, onColdStart }: Exchange,
  { attempt, deadline, clock }: Wait,
): Promise<Lease | Failure> {
  const fromMs = clock.nowMs();
  const own = await sessions.acquire({ caller: record.caller, line: context.line }, deadline);
  if ("code" in own || !own.isNew) return own;
  onColdStart?.();
  attempt.coldStartSeconds = (attempt.coldStartSeconds ?? 0) + (clock.nowMs() - fromMs) / 1_000;
  return own;
}

/** Notes how long an attempt waits for something. */
async function timed<Value>(
  waiting: Promise<Value>,
  attempt: AttemptRecord,
  field: "waitedSeconds" | "coldStartSeconds",
  clock: Clock,
): Promise<Value> {
  const fromMs = clock.nowMs();
  const value = await waiting;
  attempt[field] = (clock.nowMs() - fromMs) / 1_000;
  return value;
}

/** Has what is about to be sent written down: once, however many members of a group it takes. */
async function begin(
  { method, record }: Exchange,
  witnesses: Witnesses,
  signal: CancelSignal,
): Promise<Failure | undefined> {
  if (record.isBegun) return undefined;
  const { id, caller, client } = record;
  const isCall = record instanceof CallRecord;
  const server = isCall ? record.call.server : record.server;
  const subject = isCall ? record.call.tool : record.subject;
  const kind = isCall ? "call" : "request";
  const refusal = await witnesses.begin({ id, kind, method, server, subject, caller, client }, signal);
  record.isBegun = refusal === undefined;
  return refusal;
}

/** What is handed to the session: what the caller sent, with what belongs to this attempt. */
function upstreamRequest(
  { method, context, task }: Exchange,
  params: JsonObject,
  {
    attempt,
    span,
    deadline,
    talk,
  }: {
    readonly attempt: AttemptRecord;
    readonly span: AttemptSpan;
    readonly deadline: Deadline;
    readonly talk: Talk;
  },
): UpstreamRequest {
  return {
    method,
    params,
    signal: deadline.signal,
    trace: span.outbound,
    onNotification: talk.onNotification,
    onServerRequest: talk.onServerRequest,
    clientCapabilities: context.clientCapabilities,
    origin: originOf(context),
    sizes: attempt,
    clientEra: context.clientEra,
    afterwards: task?.afterwards,
  };
}

/** What a task needs of the place where it was begun. */
function groundOf({
  server,
  session,
  peer,
  lease,
}: Pick<TaskGround, "server" | "session" | "peer"> & { readonly lease: Lease | undefined }): TaskGround {
  const isLive = lease === undefined ? () => server.session() === session : lease.isLive;
  const hold = (): (() => void) => {
    const letGo = [server.keepUp(), ...(lease === undefined ? [] : [lease.hold()])];
    return () => {
      for (const each of letGo.splice(0)) each();
    };
  };
  return { server, session, peer, isLive, hold };
}

/** Callers who need not say who they are have one credential, though they may be many. */
function originOf({ caller }: RelayContext): string | undefined {
  const { type, credential } = caller ?? LOCAL_CALLER;
  return type === "anonymous" ? undefined : credential;
}

/** What ended because time was up is a timeout, whichever hop noticed it. */
function expired(result: CallResult, deadline: Deadline, timeoutMs: number, server: ManagedServer): CallResult {
  if (result.kind !== "failure" || result.code !== "cancelled" || !deadline.timedOut()) return result;
  const timeout = failure("timeout", `server "${server.id}" ${whatItTook(deadline, timeoutMs, server)}`);
  return { ...timeout, maybeExecuted: result.maybeExecuted };
}

function whatItTook({ passed }: Deadline, timeoutMs: number, { options }: ManagedServer): string {
  const seconds = timeoutMs / 1_000;
  switch (passed) {
    case "limit":
      return `worked for ${Math.max(seconds, options.max_call_s)} s, which is the limit (max_call_s)`;
    case "silence":
      return `has shown no progress for ${seconds} s`;
    default:
      return `did not answer within ${seconds} s`;
  }
}
