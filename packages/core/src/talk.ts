import type { RelayContext } from "./call.ts";
import type { ManagedServer } from "./lifecycle/managed-server.ts";
import type { Clock } from "./platform/platform.ts";
import { type JsonRpcRequest, RPC } from "./protocol/json-rpc.ts";
import type { Deadline } from "./resilience/deadline.ts";
import type { ServerRequestReply, UpstreamRequest } from "./transports/session.ts";

/** Who hears what a server says and asks in the middle of a request. */
export type Talk = Pick<UpstreamRequest, "onNotification" | "onServerRequest">;

/** What the talk of a server touches. */
interface Surroundings {
  readonly server: ManagedServer;
  readonly deadline: Deadline;
  readonly clock: Clock;
}

/**
 * Lets what a server says have its effect on the time of the request: the deadline stands still while the client is asked, within
 * `ask_timeout_s`, and begins anew with each sign of progress unless the caller gave its own. Both are signs of life.
 */
export function talkOf(context: RelayContext, surroundings: Surroundings): Talk {
  const { onNotification, onServerRequest } = context;
  return {
    // Without a token the server is not asked to tell of its progress.
    onNotification: context.meta?.progressToken === undefined ? onNotification : extending(context, surroundings),
    onServerRequest: onServerRequest && ((asked) => inPause(asked, onServerRequest, surroundings)),
  };
}

function extending(
  { onNotification, timeoutMs, extendable = timeoutMs === undefined }: RelayContext,
  { server, deadline }: Surroundings,
): Talk["onNotification"] {
  return (notification) => {
    if (notification.method === "notifications/progress") {
      server.signs.answered();
      if (extendable) deadline.extend();
    }
    onNotification?.(notification);
  };
}

/** Has a client asked while the deadline stands still. */
async function inPause(
  asked: JsonRpcRequest,
  ask: NonNullable<Talk["onServerRequest"]>,
  { server, deadline, clock }: Surroundings,
): Promise<ServerRequestReply> {
  server.signs.answered();
  const goOn = deadline.pause();
  try {
    return await orTooLate(asked, ask(asked), server.options.ask_timeout_s, clock);
  } finally {
    goOn();
  }
}

/** What a client answers, or that it did not within so many seconds. */
export async function orTooLate(
  { method }: JsonRpcRequest,
  answer: Promise<ServerRequestReply>,
  seconds: number,
  clock: Clock,
): Promise<ServerRequestReply> {
  const tooLate = Promise.withResolvers<ServerRequestReply>();
  const cancelTimer = clock.schedule(seconds * 1_000, () => {
    const message = `${method}: the client did not answer within ${seconds} s`;
    tooLate.resolve({ kind: "error", error: { code: RPC.internalError, message } });
  });
  try {
    return await Promise.race([answer, tooLate.promise]);
  } finally {
    cancelTimer();
  }
}
