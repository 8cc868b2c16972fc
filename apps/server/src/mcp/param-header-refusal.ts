import { paramHeaderMismatch, RPC } from "@mcp-hangar/core";
import { type Answer, errorAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import type { Endpoint } from "./endpoint.ts";
import { differs } from "./modern-envelope.ts";
import type { Target } from "./scope.ts";

/**
 * Refuses a call whose `Mcp-Param-*` headers do not agree with its arguments. Whoever routes or filters by headers in front
 * of the gateway must not be misled, and the gateway writes headers of its own for the server behind it, so that the
 * server could not notice. A server that was never listed is started first, as the call would do.
 */
export async function refuseParamHeaders(
  { gateway, scope }: Pick<Endpoint, "gateway" | "scope">,
  { params, caller, signal, header }: Pick<ClientRequest, "params" | "caller" | "signal" | "header">,
  target: Target,
): Promise<Answer | undefined> {
  const entry = gateway.fleet.entry(target.server);
  if (entry === undefined || header === undefined || !scope.admits(caller, target.server, target.name))
    return undefined;
  // Why a list cannot be fetched is told by the call itself.
  if (entry.catalog.known("tools") === undefined) await entry.refresh("tools", signal);
  const tool = entry.catalog.definition(target.name);
  const mismatch = tool === undefined ? undefined : paramHeaderMismatch(tool, params.arguments, header);
  if (mismatch === undefined) return undefined;
  const { header: name, found, body } = mismatch;
  const message =
    body === undefined ? `header ${name} is there, but the body has no such argument` : differs(name, found, body);
  return errorAnswer(RPC.headerMismatch, message, undefined, 400);
}
