import { isJsonObject, type JsonObject, type JsonValue } from "@mcp-hangar/core";

/** A tool result for people: texts as they are, other content by its type and size. */
export function printableResult(result: JsonObject): string {
  const content = Array.isArray(result.content) ? (result.content as readonly JsonValue[]) : [];
  const blocks = content.map(printableBlock);
  if (blocks.length > 0) return blocks.join("\n");
  return JSON.stringify(result.structuredContent ?? result, undefined, 2);
}

function printableBlock(block: JsonValue): string {
  if (!isJsonObject(block)) return JSON.stringify(block);
  switch (block.type) {
    case "text":
      return wordOf(block.text);
    case "image":
    case "audio":
      return `[${block.type}: ${wordOf(block.mimeType)}, ${base64Bytes(block.data)} bytes]`;
    case "resource_link":
      return `[link: ${wordOf(block.uri)}${block.name === undefined ? "" : ` (${wordOf(block.name)})`}]`;
    case "resource":
      return printableResource(block.resource);
    default:
      return JSON.stringify(block, undefined, 2);
  }
}

function printableResource(resource: JsonValue | undefined): string {
  if (!isJsonObject(resource)) return JSON.stringify(resource);
  if (typeof resource.text === "string") return `[resource: ${wordOf(resource.uri)}]\n${resource.text}`;
  return `[resource: ${wordOf(resource.uri)}, ${wordOf(resource.mimeType)}, ${base64Bytes(resource.blob)} bytes]`;
}

/** What should be text is shown as it is even when a server sent something else. */
function wordOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function base64Bytes(data: JsonValue | undefined): number {
  return typeof data === "string" ? Buffer.byteLength(data, "base64") : 0;
}
