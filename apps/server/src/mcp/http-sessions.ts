import type { IncomingMessage, ServerResponse } from "node:http";
import { LEGACY_VERSIONS, RPC, SUPPORTED_VERSIONS } from "@mcp-hangar/core";
import type { Caller } from "@mcp-hangar/telemetry";
import type { Endpoint } from "./endpoint.ts";
import type { HttpRefusal, HttpRefusals } from "./http-refusals.ts";
import type { LegacySession } from "./legacy-session.ts";
import { header } from "./request-headers.ts";

export const SESSION_HEADER = "mcp-session-id";
const LEGACY: readonly string[] = LEGACY_VERSIONS;

/** Finds the sessions that requests name. */
export class HttpSessions {
  readonly #endpoint: Endpoint;
  readonly #refusals: HttpRefusals;

  constructor(endpoint: Endpoint, refusals: HttpRefusals) {
    this.#endpoint = endpoint;
    this.#refusals = refusals;
  }

  /** The session a legacy request names; answers and returns `undefined` when there is none. */
  find(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Pick<HttpRefusal, "id" | "method">,
    caller: Caller,
  ): LegacySession | undefined {
    const refuseWith = (status: number, message: string): undefined => {
      this.#refusals.refuse(response, caller, { ...asked, status, code: RPC.invalidRequest, message });
    };
    const version = header(request, "mcp-protocol-version");
    if (version !== undefined && !LEGACY.includes(version)) {
      const known = SUPPORTED_VERSIONS.join(", ");
      return refuseWith(400, `protocol version ${version} is not supported; ${known} are`);
    }
    const sessionId = header(request, SESSION_HEADER);
    if (sessionId === undefined) return refuseWith(400, "header Mcp-Session-Id is missing; initialize first");
    const session = this.#endpoint.sessions.get(sessionId, caller);
    return session ?? refuseWith(404, "the session is unknown or has expired; initialize again");
  }
}
