import { describe, expect, it } from "vitest";
import { checkLockfile, checkMachinePaths } from "./machine-paths.ts";
import { checkManifest } from "./manifests.ts";
import { checkReferences } from "./project-references.ts";
import { describeViolation } from "./violation.ts";
import type { Manifest } from "./workspace.ts";

const root = { engines: { node: ">=22.19" } };
const built = { types: "./dist/index.d.ts", default: "./dist/index.js" };
const sound: Manifest = {
  name: "@mcp-hangar/core",
  description: "The runtime.",
  license: "Apache-2.0",
  type: "module",
  engines: { node: ">=22.19" },
  files: ["dist", "!dist/.tsbuildinfo", "README.md"],
  exports: {
    ".": { "@mcp-hangar/source": "./src/index.ts", ...built },
    "./package.json": "./package.json",
  },
  publishConfig: { access: "public", exports: { ".": built, "./package.json": "./package.json" } },
  dependencies: { "@mcp-hangar/telemetry": "workspace:^", zod: "catalog:" },
};

function rulesBroken(change: Partial<Manifest>): readonly string[] {
  const manifest = { ...sound, ...change };
  const manifestText = JSON.stringify(manifest, null, 2);
  return checkManifest({ directory: "packages/core", manifest, manifestText }, root).map(({ rule }) => rule);
}

describe("the rules for manifests", () => {
  it("have nothing against a sound manifest", () => {
    expect(rulesBroken({})).toEqual([]);
  });

  it.each<[string, Partial<Manifest>]>([
    ["license", { license: "MIT" }],
    ["type", { type: "commonjs" }],
    ["engines.node", { engines: { node: ">=20" } }],
    ["description", { description: "" }],
    ["files", { files: ["dist"] }],
    ["publishConfig.access", { publishConfig: { exports: sound.publishConfig?.exports ?? {} } }],
    ["name sources", { publishConfig: { access: "public" } }],
    ["zod is wanted", { dependencies: { zod: "^4.6.7" } }],
    ["@mcp-hangar/telemetry is wanted", { devDependencies: { "@mcp-hangar/telemetry": "0.1.0" }, dependencies: {} }],
  ])("catch a wrong %s", (what, change) => {
    expect(rulesBroken(change)).toContainEqual(expect.stringContaining(what));
  });

  it("catch conditions in the wrong order, for TypeScript takes the first that fits", () => {
    const exports = {
      ".": { ...built, "@mcp-hangar/source": "./src/index.ts" },
      "./package.json": "./package.json",
    };
    expect(rulesBroken({ exports })).toContainEqual(expect.stringContaining('exports["."]'));
  });

  it("catch a subpath that is exported here and not when published", () => {
    const testing = {
      "@mcp-hangar/source": "./src/testing/index.ts",
      types: "./dist/testing/index.d.ts",
      default: "./dist/testing/index.js",
    };
    expect(rulesBroken({ exports: { ...sound.exports, "./testing": testing } })).toEqual([
      "publishConfig.exports has other subpaths than exports",
    ]);
  });

  it("ask a private package for no publishing fields", () => {
    const { files: _files, exports: _exports, publishConfig: _publishConfig, ...rest } = sound;
    const manifest = { ...rest, private: true };
    expect(checkManifest({ directory: "apps/demo", manifest, manifestText: "" }, root)).toEqual([]);
  });

  it("name file, line, rule and mend in one line", () => {
    const manifest = { ...sound, license: "MIT" };
    const [violation] = checkManifest(
      { directory: "packages/core", manifest, manifestText: JSON.stringify(manifest, null, 2) },
      root,
    );
    expect(violation === undefined ? "" : describeViolation(violation)).toBe(
      'packages/core/package.json:4: license is "MIT"; write "Apache-2.0"',
    );
  });
});

describe("the rules for tsconfig references", () => {
  const telemetry = {
    directory: "packages/telemetry",
    name: "@mcp-hangar/telemetry",
    dependencies: [],
    references: [],
  };
  const core = { directory: "packages/core", name: "@mcp-hangar/core", dependencies: ["@mcp-hangar/telemetry"] };

  it("catch a project that the root does not build", () => {
    expect(checkReferences([], [telemetry])).toHaveLength(1);
    expect(checkReferences(["packages/telemetry"], [telemetry])).toEqual([]);
  });

  it("catch a project that does not refer to one it depends on", () => {
    const all = ["packages/telemetry", "packages/core"];
    expect(checkReferences(all, [telemetry, { ...core, references: [] }])).toHaveLength(1);
    expect(checkReferences(all, [telemetry, { ...core, references: ["packages/telemetry"] }])).toEqual([]);
  });

  it("leave packages without a build alone", () => {
    expect(checkReferences(["packages/telemetry"], [telemetry, { ...core, references: undefined }])).toEqual([]);
  });
});

describe("the rules for paths and addresses", () => {
  // Put together here, so that this file does not break the rule it tests.
  const machine = (...parts: string[]): string => ["", ...parts].join("/");

  it("catch a path of one machine, with its line", () => {
    for (const path of [
      machine("work", "main"),
      machine("root", ".npm"),
      machine("home", "jane"),
      machine("Users", "jane"),
    ]) {
      expect(checkMachinePaths("a.md", `one\ncd ${path}/x`)).toMatchObject([{ line: 2 }]);
      expect(checkMachinePaths("a.json", `"${path}"`)).toHaveLength(1);
    }
  });

  it("leave relative paths, addresses and example homes alone", () => {
    const texts = [
      "./work/main",
      `../${"work/x"}`,
      "https://example.com/work/x",
      "/home/you/config.yaml",
      "a/root/b",
      "/etc/x",
    ];
    expect(texts.flatMap((text) => checkMachinePaths("a.md", text))).toEqual([]);
  });

  it("catch a registry address in a lockfile", () => {
    expect(checkLockfile("pnpm-lock.yaml", "a: 1\nresolution: {tarball: http://host/a.tgz}")).toMatchObject([
      { line: 2 },
      { line: 2 },
    ]);
    expect(checkLockfile("pnpm-lock.yaml", "resolution: {integrity: sha512-abc}")).toEqual([]);
  });
});
