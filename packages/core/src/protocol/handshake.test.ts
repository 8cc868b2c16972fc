import { expect, test } from "vitest";
import { LEGACY_VERSIONS, MODERN_VERSIONS } from "./eras.ts";
import { initializeParams, modernHop, readDiscoverResult, readInitializeResult } from "./handshake.ts";

const introduction = { info: { name: "mcp-hangar", version: "1.2.3" }, capabilities: { roots: {} } };

test("offers the newest revision of each era and says who asks", () => {
  expect(initializeParams(introduction)).toEqual({
    protocolVersion: LEGACY_VERSIONS[0],
    clientInfo: introduction.info,
    capabilities: { roots: {} },
  });
  expect(modernHop(introduction.info)).toEqual({
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSIONS[0],
    "io.modelcontextprotocol/clientInfo": introduction.info,
    "io.modelcontextprotocol/clientCapabilities": {},
  });
});

test.each([...LEGACY_VERSIONS, "2024-11-05"])("accepts %s as the answer to initialize", (protocolVersion) => {
  const serverInfo = { name: "s", version: "1", title: "S" };
  const result = { protocolVersion, capabilities: { tools: {} }, serverInfo, instructions: "Be kind." };
  expect(readInitializeResult(result, "fallback")).toEqual({
    kind: "peer",
    peer: { era: "legacy", protocolVersion, info: serverInfo, capabilities: { tools: {} }, instructions: "Be kind." },
  });
});

test("takes the identity of a modern server from _meta", () => {
  const result = {
    supportedVersions: ["2099-01-01", MODERN_VERSIONS[0]],
    capabilities: {},
    _meta: { "io.modelcontextprotocol/serverInfo": { name: "m", version: "2" } },
  };
  expect(readDiscoverResult(result, "fallback")).toEqual({
    kind: "peer",
    peer: {
      era: "modern",
      protocolVersion: MODERN_VERSIONS[0],
      info: { name: "m", version: "2" },
      capabilities: {},
      instructions: undefined,
    },
  });
});

test("a server that does not introduce itself goes by its id", () => {
  const modern = readDiscoverResult({ supportedVersions: [...MODERN_VERSIONS], capabilities: {} }, "files");
  const legacy = readInitializeResult(
    { protocolVersion: LEGACY_VERSIONS[0], capabilities: {}, serverInfo: 1 },
    "files",
  );
  for (const outcome of [modern, legacy]) {
    expect(outcome).toMatchObject({ kind: "peer", peer: { info: { name: "files", version: "unknown" } } });
  }
});

test("a revision that the gateway does not speak is unsupported, not malformed", () => {
  expect(readInitializeResult({ protocolVersion: "1999-01-01", capabilities: {} }, "s")).toEqual({
    kind: "unsupported",
    versions: ["1999-01-01"],
  });
  expect(readDiscoverResult({ supportedVersions: ["2099-01-01"], capabilities: {} }, "s")).toEqual({
    kind: "unsupported",
    versions: ["2099-01-01"],
  });
});

test.each([
  ["no versions", readDiscoverResult({ capabilities: {} }, "s")],
  ["versions that are no strings", readDiscoverResult({ supportedVersions: [1], capabilities: {} }, "s")],
  ["no capabilities at discovery", readDiscoverResult({ supportedVersions: [...MODERN_VERSIONS] }, "s")],
  ["no version", readInitializeResult({ capabilities: {} }, "s")],
  ["no capabilities", readInitializeResult({ protocolVersion: LEGACY_VERSIONS[0] }, "s")],
])("an answer with %s is malformed", (_name, outcome) => {
  expect(outcome.kind).toBe("malformed");
});
