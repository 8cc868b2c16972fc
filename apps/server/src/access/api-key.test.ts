import { redactText } from "@mcp-hangar/telemetry";
import { describe, expect, it } from "vitest";
import { hashOf, idOf, newApiKey, sameHash } from "./api-key.ts";

describe("a new API key", () => {
  it("has a prefix, an id, 256 bits and a checksum, and no other has the same", () => {
    const keys = Array.from({ length: 500 }, newApiKey);
    for (const { id, token, hash } of keys) {
      expect(token).toMatch(/^mcph_[0-9a-z]{12}_[0-9A-Za-z]{49}$/);
      expect(idOf(token)).toBe(id);
      expect(hash).toBe(hashOf(token));
    }
    expect(new Set(keys.map(({ token }) => token)).size).toBe(500);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(500);
  });

  it("is hidden in logs, wherever it stands", () => {
    const { token } = newApiKey();
    expect(redactText(`the header was ${token}, they say`)).not.toContain(token.slice(20));
  });
});

describe("text", () => {
  const { token } = newApiKey();
  it.each([
    ["with a typing error", `${token.slice(0, 30)}${token[30] === "a" ? "b" : "a"}${token.slice(31)}`],
    ["with a wrong checksum", `${token.slice(0, -1)}${token.endsWith("a") ? "b" : "a"}`],
    ["that is cut off", token.slice(0, -1)],
    ["that goes on", `${token}a`],
    ["in upper case", token.toUpperCase()],
    ["of another kind", "ghp_0123456789"],
    ["that is empty", ""],
    ["that is huge", `mcph_${"a".repeat(1_000_000)}`],
    ["with a line break", `${token}\n`],
  ])("%s is no key", (_what, text) => {
    expect(idOf(text)).toBeUndefined();
  });
});

it("hashes are compared as a whole", () => {
  expect(sameHash(hashOf("a"), hashOf("a"))).toBe(true);
  expect(sameHash(hashOf("a"), hashOf("b"))).toBe(false);
  expect(sameHash(hashOf("a"), "")).toBe(false);
});
