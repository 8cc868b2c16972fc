import type { CallResult } from "../call.ts";
import { type Failure, failure } from "../errors.ts";
import type { ManagedServer } from "../lifecycle/managed-server.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { ResultPayload } from "../protocol/result-payload.ts";
import type { ServerGroup } from "./server-group.ts";

/** Where a request with `requestState` belongs, and its params as that member knows them. */
export interface Pinned {
  /** The one member that may serve the request; anybody when `undefined`. */
  readonly member: string | undefined;
  readonly params: JsonObject | undefined;
}

/** Between the member's id, which cannot contain it, and the member's own state. */
const SEPARATOR = ":";

/**
 * A server of the modern era that wants input hands out a `requestState` and expects it back with the answers. Only the
 * member that made it understands it, so it travels with the member's name in front.
 */
export function withPin(
  server: ManagedServer,
  answer: Exclude<CallResult, { kind: "failure" }>,
): Exclude<CallResult, { kind: "failure" }> {
  if (answer.kind === "error" || answer.result.resultType !== "input_required") return answer;
  const { requestState } = answer.result.value;
  if (typeof requestState !== "string") return answer;
  const pinned = { ...answer.result.value, requestState: `${server.id}${SEPARATOR}${requestState}` };
  return { kind: "result", result: ResultPayload.ofValue(pinned) };
}

/** Reads the pin off the params of a request; a state that no member made is refused. */
export function pinnedTo(group: ServerGroup, params: JsonObject | undefined): Pinned | Failure {
  const state = params?.requestState;
  if (state === undefined) return { member: undefined, params };
  const at = typeof state === "string" ? state.indexOf(SEPARATOR) : -1;
  const member = typeof state === "string" ? state.slice(0, at) : "";
  if (typeof state !== "string" || at < 0 || !group.has(member)) {
    return failure("invalid_request", `the requestState was not handed out by a member of group "${group.id}"`);
  }
  return { member, params: { ...params, requestState: state.slice(at + 1) } };
}
