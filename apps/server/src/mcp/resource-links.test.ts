import { decodeMessage, type JsonObject, ResultPayload } from "@mcp-hangar/core";
import { describe, expect, it } from "vitest";
import { withQualifiedLinks } from "./resource-links.ts";

const qualify = (uri: string): string => `hangar://a/${uri}`;
const LINK = { type: "resource_link", uri: "note://1", name: "n", _meta: { uri: "note://1" } };
const EMBEDDED = { type: "resource", resource: { uri: "note://1", text: '{"uri":"note://1"}' } };
const LINKED = { ...LINK, uri: "hangar://a/note://1" };
const EMBEDDED_LINKED = { ...EMBEDDED, resource: { ...EMBEDDED.resource, uri: "hangar://a/note://1" } };
const TEXT = { type: "text", text: 'see note://1, a "resource_link"' };

/** A payload as it comes from a server: parsed, or as bytes. */
function forms(value: JsonObject): readonly ResultPayload[] {
  const parsed = ResultPayload.ofValue(value);
  return [parsed, ResultPayload.ofJson(Buffer.from(JSON.stringify(value)), parsed.summary)];
}

describe("links", () => {
  it.each([
    ["a link", { content: [TEXT, LINK], isError: false }, { content: [TEXT, LINKED], isError: false }],
    ["an embedded resource", { content: [EMBEDDED] }, { content: [EMBEDDED_LINKED] }],
    [
      "a message of a prompt",
      { messages: [{ role: "user", content: LINK }] },
      { messages: [{ role: "user", content: LINKED }] },
    ],
    [
      "a message of several blocks",
      { messages: [{ role: "user", content: [TEXT, EMBEDDED] }], description: "d" },
      { messages: [{ role: "user", content: [TEXT, EMBEDDED_LINKED] }], description: "d" },
    ],
  ])("of %s are those that the endpoint reads", (_name, value, expected) => {
    for (const form of forms(value)) expect(withQualifiedLinks(form, qualify).value).toEqual(expected);
  });

  it.each([
    ["text", { content: [TEXT] }],
    ["structured content", { content: [], structuredContent: { type: "resource_link", uri: "note://1" } }],
    ["odd content", { content: [null, 7, "resource", [], { type: "resource" }, { type: "resource", resource: [] }] }],
    ["links without a URI", { content: [{ type: "resource_link" }, { type: "resource_link", uri: 7 }] }],
    ["odd messages", { messages: [null, {}, { content: null }, { content: "resource" }] }],
    ["no list", { content: { type: "resource_link", uri: "x" }, messages: "resource" }],
  ])("are nothing that is looked for in %s", (_name, value) => {
    for (const form of forms(value as JsonObject)) expect(withQualifiedLinks(form, qualify).value).toEqual(value);
  });

  it.each([
    [TEXT, TEXT],
    [LINK, LINKED],
    [EMBEDDED, EMBEDDED_LINKED],
  ])("in a large result that is relayed are looked for where there may be some: %o", (block, expected) => {
    const content = [{ type: "text", text: "x".repeat(200_000) }, block];
    const message = decodeMessage(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content } })));
    if (message.kind !== "response") throw new Error(message.kind);
    expect(withQualifiedLinks(message.result, qualify).value).toEqual({ content: [content[0], expected] });
  });

  it("in a very large result stay as they are, and so do its bytes", () => {
    const [, bytes] = forms({ content: [LINK, { type: "text", text: "x".repeat(1_100_000) }] });
    if (bytes === undefined) throw new Error("no payload");
    expect(withQualifiedLinks(bytes, qualify)).toBe(bytes);
  });
});
