import { isJsonObject, type JsonObject, META, RELATED_TASK, ResultPayload } from "@mcp-hangar/core";

const HOP_PREFIX = "io.modelcontextprotocol/";
/** Keys with that prefix that are about tasks of the legacy era, and not about a hop. */
const TASK_KEYS: ReadonlySet<string> = new Set([RELATED_TASK, "io.modelcontextprotocol/model-immediate-response"]);
const COMPLETE_HEAD = Buffer.from('{"resultType":"complete",');

/** Bytes of a result that is parsed and written anew. */
const REBUILT_BYTES_MAX = 1024 * 1024;

/** Makes a result fit for a modern client: it says what it is. Results of modern servers do so already. */
export function forModernClient(result: ResultPayload): ResultPayload {
  const { bytes, summary } = result;
  if (summary.resultType !== undefined) return result;
  // A payload in bytes is one JSON object; anything but `{}` has members to follow the new first one.
  if (bytes === undefined || bytes.length <= 2) {
    return ResultPayload.ofValue({ resultType: "complete", ...result.value });
  }
  const json = Buffer.concat([COMPLETE_HEAD, bytes.subarray(1)]);
  return ResultPayload.ofJson(json, { ...summary, resultType: "complete" });
}

/** Makes a result fit for a legacy client: what the modern protocol says about its own hop is taken out. */
export function forLegacyClient(result: ResultPayload): ResultPayload {
  const { resultType, hasMeta } = result.summary;
  // What is too large to be rebuilt for this goes as it is: clients ignore members that they do not know.
  if ((result.bytes?.length ?? 0) > REBUILT_BYTES_MAX) return result;
  if (resultType === undefined && !(hasMeta && mentionsHop(result))) return result;
  const { _meta: meta, resultType: _resultType, ...rest } = result.value;
  const kept = isJsonObject(meta) ? withoutHopKeys(meta) : undefined;
  return ResultPayload.ofValue(kept === undefined ? rest : { ...rest, _meta: kept });
}

function mentionsHop({ value }: ResultPayload): boolean {
  return isJsonObject(value._meta) && Object.keys(value._meta).some(isHopKey);
}

function isHopKey(key: string): boolean {
  return key.startsWith(HOP_PREFIX) && !TASK_KEYS.has(key);
}

function withoutHopKeys(meta: JsonObject): JsonObject | undefined {
  const entries = Object.entries(meta).filter(([key]) => !isHopKey(key));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Adds what lists and resource contents must carry in the modern era: the gateway caches, clients need not. */
export function cacheable(result: JsonObject): JsonObject {
  return { ...result, ttlMs: result.ttlMs ?? 0, cacheScope: result.cacheScope ?? "private" };
}

/** The subscription that a modern notification belongs to. */
export function withSubscription(params: JsonObject, subscriptionId: string | number): JsonObject {
  const meta = isJsonObject(params._meta) ? params._meta : {};
  return { ...params, _meta: { ...meta, [META.subscriptionId]: subscriptionId } };
}
