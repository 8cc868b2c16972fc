import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { type Announcement, type DefinitionRules, guarded, readAnnouncement } from "./definition.ts";
import type { DiscoveredServer } from "./source.ts";

const RULES: DefinitionRules = {
  server_modes: ["subprocess", "remote"],
  allow_addresses: ["10.0.0.0/8"],
  definitionCharactersMax: 1_000,
};
const MATH = { mode: "subprocess", command: "math" };

function read(server: Partial<DiscoveredServer>, rules: Partial<DefinitionRules> = {}): Announcement["content"] {
  return readAnnouncement({ name: "math", options: MATH, location: "/math", ...server }, { ...RULES, ...rules })
    .content;
}

function problemOf(server: Partial<DiscoveredServer>, rules: Partial<DefinitionRules> = {}): string | undefined {
  const content = read(server, rules);
  return content.kind === "problem" ? content.problem : undefined;
}

function fingerprintOf(options: unknown, revision?: string): string {
  const content = read({ options, revision });
  if (content.kind === "problem") throw new Error(content.problem);
  return content.definition.fingerprint;
}

describe("an announced definition", () => {
  it("gets the defaults of the configuration", () => {
    expect(read({})).toMatchObject({ kind: "definition", definition: { options: { ...MATH, idle_ttl_s: 300 } } });
  });

  it("has the same fingerprint in whatever order it is written, and another when it says something else", () => {
    const same = fingerprintOf({ command: "math", mode: "subprocess" });
    expect(fingerprintOf(MATH)).toBe(same);
    expect(fingerprintOf({ ...MATH, args: ["x"] })).not.toBe(same);
    expect(fingerprintOf(MATH, "1.0.1")).not.toBe(fingerprintOf(MATH, "1.0.0"));
    expect(fingerprintOf({ ...MATH, args: ["x", "y"] })).not.toBe(fingerprintOf({ ...MATH, args: ["y", "x"] }));
  });

  it("of a remote server may only have the addresses that the source allows", () => {
    const remote = { mode: "remote", endpoint: "http://10.0.0.1/mcp" };
    const content = read({ options: remote });
    if (content.kind === "problem") throw new Error(content.problem);
    expect(guarded(content.definition, RULES)).toMatchObject({ address_guard: { allow: ["10.0.0.0/8"] } });
    expect(problemOf({ options: { ...remote, address_guard: { allow: ["0.0.0.0/0"] } } })).toContain("allow_addresses");
  });

  it.each([["__proto__"], ["Upper"], ["a__b"], [""], ["../../etc"], ["x".repeat(64)], ["a b"], ["a\nb"]])(
    "is not used under the name %j",
    (name) => {
      expect(problemOf({ name })).toContain("is no id of a server");
    },
  );

  it.each([["ca_file"], ["cert_file", "key_file"]])(
    "uses %s of the gateway only where it could run programs",
    (...keys) => {
      const tls = Object.fromEntries(keys.map((key) => [key, "/etc/hangar/own.pem"]));
      const options = { mode: "remote", endpoint: "https://example.com/mcp", tls };
      expect(problemOf({ options }, { server_modes: ["remote"] })).toContain(`tls.${keys[0]} is not allowed here`);
      expect(problemOf({ options }, { server_modes: ["remote", "subprocess"] })).toBeUndefined();
    },
  );

  it("is not used in a mode that the source may not announce", () => {
    expect(problemOf({}, { server_modes: ["remote"] })).toBe(
      "mode subprocess is not allowed here: server_modes of the discovery source has remote",
    );
    expect(problemOf({ options: { mode: "group", members: [] } })).toBeDefined();
  });

  it.each([
    ["nothing", undefined],
    ["a list", []],
    ["a word", "math"],
    ["an unknown key", { ...MATH, comand: "x" }],
    ["a wrong type", { ...MATH, command: 7 }],
    ["no mode", { command: "x" }],
    ["an endpoint that is no URL", { mode: "remote", endpoint: "file:///etc/passwd" }],
  ])("is not used when it is %s", (_what, options) => {
    expect(problemOf({ options })).toMatch(/.{5,}/);
  });

  it("is refused when it is huge or deep, without being examined", () => {
    expect(problemOf({ options: { ...MATH, args: ["x".repeat(2_000)] } })).toContain("1000 are allowed");
    const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    expect(problemOf({ options: { ...MATH, args: deep } })).toContain("nested deeper");
  });

  it("that the source could not read has the problem of the source", () => {
    expect(problemOf({ options: undefined, problem: "line 3: not valid YAML" })).toBe("line 3: not valid YAML");
  });

  it("has many problems in few words", () => {
    const wrong = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${index}`, 1]));
    const problem = problemOf({ options: { ...MATH, idle_ttl_s: -1, args: 1, env: 2, cwd: 3, tools: 4, ...wrong } });
    expect(problem?.length).toBeLessThanOrEqual(1_000);
  });

  it("does not bring names and places of any length along", () => {
    const { name, location } = readAnnouncement(
      { name: "n".repeat(10_000), options: MATH, location: "l".repeat(10_000) },
      RULES,
    );
    expect([name.length, location.length]).toEqual([100, 1_000]);
  });
});

describe("canonical JSON", () => {
  it("puts keys in order at every level, and leaves lists as they are", () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 3], a: null }, 100)).toBe('{"a":null,"b":[{"c":2,"d":1},3]}');
  });

  it("keeps a key named __proto__ apart from the prototype", () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1}}'), 100)).toBe('{"__proto__":{"x":1}}');
  });
});
