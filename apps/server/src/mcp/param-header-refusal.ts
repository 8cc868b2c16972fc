import { type JsonObject, paramHeaderMismatch } from "@mcp-hangar/core";
import type { ClientRequest } from "./client-request.ts";
import { differs } from "./modern-envelope.ts";

/**
 * Why a call is refused whose `Mcp-Param-*` headers do not agree with its arguments. Whoever routes or filters by headers in
 * front of the gateway must not be misled, and the gateway writes headers of its own for the server behind it, so that the
 * server could not notice.
 */
export function paramHeaderRefusal(
  { params, header }: Pick<ClientRequest, "params" | "header">,
  tool: JsonObject,
): string | undefined {
  const mismatch = header === undefined ? undefined : paramHeaderMismatch(tool, params.arguments, header);
  if (mismatch === undefined) return undefined;
  const { header: name, found, body } = mismatch;
  return body === undefined ? `header ${name} is there, but the body has no such argument` : differs(name, found, body);
}
