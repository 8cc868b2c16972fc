import { isJsonObject, type JsonObject, type JsonValue, ResultPayload } from "@mcp-hangar/core";

/** What every link and every embedded resource has in its JSON, whatever else stands there; the scan of large messages looks for it. */
const MARK = Buffer.from('"resource');
/** Bytes of a result that is parsed and written anew for the sake of its links. */
const REBUILT_BYTES_MAX = 1024 * 1024;

/** Writes a server's own URI as clients of the endpoint know it. */
type Qualify = (uri: string) => string;

/**
 * A result of a tool or prompt with the URIs of its links and embedded resources such as the endpoint reads them. What has none,
 * or is too large to be rebuilt, stays as it is.
 */
export function withQualifiedLinks(result: ResultPayload, qualify: Qualify): ResultPayload {
  const { bytes, summary } = result;
  if (bytes !== undefined && (bytes.length > REBUILT_BYTES_MAX || !(summary.mayLink ?? bytes.includes(MARK))))
    return result;
  const { content, messages } = result.value;
  const changed = {
    ...(Array.isArray(content) && { content: mapped(content, (item) => block(item, qualify)) }),
    ...(Array.isArray(messages) && { messages: mapped(messages, (item) => message(item, qualify)) }),
  };
  if (changed.content === content && changed.messages === messages) return result;
  return ResultPayload.ofValue({ ...result.value, ...changed });
}

function message(item: JsonValue, qualify: Qualify): JsonValue {
  if (!isJsonObject(item)) return item;
  const { content } = item;
  // Sampling and some prompts have several blocks in one message.
  const written = Array.isArray(content)
    ? mapped(content, (each) => block(each, qualify))
    : content === undefined
      ? undefined
      : block(content, qualify);
  return written === undefined || written === content ? item : { ...item, content: written };
}

function block(item: JsonValue, qualify: Qualify): JsonValue {
  if (!isJsonObject(item)) return item;
  if (item.type === "resource_link") return withQualifiedUri(item, qualify);
  if (item.type !== "resource" || !isJsonObject(item.resource)) return item;
  return { ...item, resource: withQualifiedUri(item.resource, qualify) };
}

function withQualifiedUri(resource: JsonObject, qualify: Qualify): JsonObject {
  return typeof resource.uri === "string" ? { ...resource, uri: qualify(resource.uri) } : resource;
}

/** The same array when nothing in it changes. */
function mapped(items: readonly JsonValue[], map: (item: JsonValue) => JsonValue): readonly JsonValue[] {
  const written = items.map(map);
  return written.some((item, index) => item !== items[index]) ? written : items;
}

/** A tool that has an app, with the URI of the app such as the endpoint reads it: `_meta.ui.resourceUri`, or the older spelling of it. */
export function withQualifiedApp(tool: JsonObject, qualify: Qualify): JsonObject {
  const { _meta: meta } = tool;
  if (!isJsonObject(meta)) return tool;
  const { ui, [OLDER_APP_KEY]: older } = meta;
  const qualified = {
    ...(isJsonObject(ui) &&
      typeof ui.resourceUri === "string" && { ui: { ...ui, resourceUri: qualify(ui.resourceUri) } }),
    ...(typeof older === "string" && { [OLDER_APP_KEY]: qualify(older) }),
  };
  return { ...tool, _meta: { ...meta, ...qualified } };
}

/** How drafts of SEP-1865 spelled it; hosts still read it. */
const OLDER_APP_KEY = "ui/resourceUri";
