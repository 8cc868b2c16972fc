import { isJsonObject, LEGACY_VERSIONS, META, MODERN_VERSIONS, RPC } from "@mcp-hangar/core";
import { type Answer, errorAnswer, resultAnswer } from "../answer.ts";
import { describe } from "../capabilities.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { cacheable } from "../era-translation.ts";
import { askableOf, type LegacySession } from "../legacy-session.ts";

/**
 * What is kept of a client's capabilities as long as its session, in characters of JSON. Honest clients need less than a hundred;
 * of lists of nothing each character takes a dozen bytes in memory.
 */
const KEPT_CAPABILITIES_CHARS_MAX = 512;

/** The one revision that has tasks of this kind. */
const TASKS_VERSION = "2025-11-25";

/** `initialize` of the legacy era: negotiates the revision and opens a session. */
export async function initialize(
  endpoint: Endpoint,
  request: ClientRequest,
): Promise<{ readonly answer: Answer; readonly session: LegacySession | undefined }> {
  const { caller, client, params } = request;
  const { protocolVersion: wanted, capabilities } = params;
  if (typeof wanted !== "string") {
    return {
      answer: errorAnswer(RPC.invalidParams, 'initialize needs a string "protocolVersion"'),
      session: undefined,
    };
  }
  const declared = isJsonObject(capabilities) ? capabilities : {};
  if (JSON.stringify(askableOf(declared)).length > KEPT_CAPABILITIES_CHARS_MAX) {
    const kept = '"sampling" and "elicitation" in "capabilities"';
    const message = `initialize: ${kept} may have ${KEPT_CAPABILITIES_CHARS_MAX} characters at most`;
    return { answer: errorAnswer(RPC.invalidParams, message), session: undefined };
  }
  const description = await describe(endpoint, request);
  if ("code" in description) return { answer: endpoint.failed(description, request.caller), session: undefined };
  // An unknown revision is answered with the newest of ours; the client decides whether that suits it.
  const protocolVersion = LEGACY_VERSIONS.find((version) => version === wanted) ?? LEGACY_VERSIONS[0];
  const { info, instructions } = description;
  const { tasks, ...others } = description.capabilities;
  // Revisions before know nothing of tasks.
  const takesTasks = tasks !== undefined && protocolVersion === TASKS_VERSION;
  const result = { protocolVersion, capabilities: takesTasks ? { ...others, tasks } : others, serverInfo: info };
  return {
    answer: resultAnswer(instructions === undefined ? result : { ...result, instructions }),
    session: endpoint.sessions.open({ protocolVersion, capabilities: declared, takesTasks, caller, client }),
  };
}

/** `server/discover` of the modern era. */
export async function discover(endpoint: Endpoint, request: ClientRequest): Promise<Answer> {
  const description = await describe(endpoint, request);
  if ("code" in description) return endpoint.failed(description, request.caller);
  const { capabilities, info, instructions } = description;
  // Log levels are a matter of each modern request, and there is no method to set them.
  // Tasks of this era are an extension, which is not relayed (see `capabilities.ts`).
  const { logging: _logging, tasks: _tasks, ...rest } = capabilities;
  const result = {
    resultType: "complete",
    supportedVersions: MODERN_VERSIONS,
    capabilities: rest,
    _meta: { [META.serverInfo]: info },
  };
  return resultAnswer(cacheable(instructions === undefined ? result : { ...result, instructions }));
}
