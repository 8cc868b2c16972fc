import { describe, expect, it } from "vitest";
import { checkDependencies, checkImports } from "./imports.ts";
import { importedModules, parseSource } from "./source-file.ts";
import type { Manifest } from "./workspace.ts";

const apps = new Set(["mcp-hangar", "@mcp-hangar/demo"]);

function importing(directory: string, name: string, text: string, file = "src/example.ts"): readonly string[] {
  const user = { name, app: directory.startsWith("apps/") };
  const source = parseSource(`${directory}/${file}`, text);
  return checkImports(source, { user, directory, apps }).map(({ line, rule }) => `${line}: ${rule}`);
}

function depending(directory: string, manifest: Manifest): readonly string[] {
  const manifestText = JSON.stringify(manifest, null, 2);
  return checkDependencies({ directory, manifest, manifestText }, apps).map(({ line, rule }) => `${line}: ${rule}`);
}

describe("the import table, for sources", () => {
  it("catches core importing an exporter", () => {
    expect(importing("packages/core", "@mcp-hangar/core", '\nimport { x } from "@mcp-hangar/metrics";')).toEqual([
      "2: @mcp-hangar/core uses @mcp-hangar/metrics, but may use only @mcp-hangar/telemetry, @mcp-hangar/egress",
    ]);
  });

  it("catches an exporter importing core, by type and by subpath too", () => {
    const text = 'import type { Gateway } from "@mcp-hangar/core";\ntype T = import("@mcp-hangar/core/testing").T;';
    expect(importing("packages/metrics", "@mcp-hangar/metrics", text)).toEqual([
      "1: @mcp-hangar/metrics uses @mcp-hangar/core, but may use only @mcp-hangar/telemetry, @mcp-hangar/delivery",
      "2: @mcp-hangar/metrics uses @mcp-hangar/core, but may use only @mcp-hangar/telemetry, @mcp-hangar/delivery",
    ]);
  });

  it("catches an exporter importing another exporter", () => {
    expect(importing("packages/tracing", "@mcp-hangar/tracing", 'export * from "@mcp-hangar/langfuse";')).toHaveLength(
      1,
    );
  });

  it("catches telemetry importing anything, but lets its tests import what they need", () => {
    const text = 'import { inspect } from "node:util";\nimport { expect } from "vitest";';
    expect(importing("packages/telemetry", "@mcp-hangar/telemetry", text)).toEqual([
      '1: @mcp-hangar/telemetry uses "node:util", but is the leaf that imports nothing',
      '2: @mcp-hangar/telemetry uses "vitest", but is the leaf that imports nothing',
    ]);
    expect(importing("packages/telemetry", "@mcp-hangar/telemetry", text, "src/bus.test.ts")).toEqual([]);
  });

  it("catches a test that reaches past the table", () => {
    const text = 'import { Gateway } from "@mcp-hangar/core";';
    expect(importing("packages/telemetry", "@mcp-hangar/telemetry", text, "src/bus.test.ts")).toEqual([
      "1: @mcp-hangar/telemetry uses @mcp-hangar/core, but may use none of our packages",
    ]);
  });

  it("keeps what tests share out of everything that is no test", () => {
    const text = 'import { poll } from "@mcp-hangar/testing";';
    const refused = ['1: "@mcp-hangar/testing" is for tests'];
    expect(importing("packages/core", "@mcp-hangar/core", text)).toEqual(refused);
    expect(importing("apps/server", "mcp-hangar", text)).toEqual(refused);
    expect(importing("packages/core", "@mcp-hangar/core", text, "test/end.test.ts")).toEqual([]);
    expect(importing("apps/server", "mcp-hangar", text, "src/serve.test.ts")).toEqual([]);
    expect(importing("apps/e2e", "@mcp-hangar/e2e", text)).toEqual([]);
  });

  it("catches core importing an exporter's vendor", () => {
    expect(importing("packages/core", "@mcp-hangar/core", 'import "@opentelemetry/api";')).toHaveLength(1);
    expect(importing("packages/core", "@mcp-hangar/core", 'import { Counter } from "prom-client";')).toHaveLength(1);
    expect(importing("packages/core", "@mcp-hangar/core", 'import { z } from "zod";')).toEqual([]);
  });

  it("catches anything importing an app, another app included", () => {
    const text = 'const app = await import("mcp-hangar");';
    expect(importing("packages/core", "@mcp-hangar/core", text)).toHaveLength(1);
    expect(importing("apps/demo", "@mcp-hangar/demo", text)).toHaveLength(1);
  });

  it("catches a relative path into another package, and lets one inside the package be", () => {
    const text = 'import "../../core/src/gateway.ts";\nimport "../package.json";\nimport "./bus.ts";';
    expect(importing("packages/metrics", "@mcp-hangar/metrics", text)).toEqual([
      '1: "../../core/src/gateway.ts" leaves the package for packages/core/src/gateway.ts',
    ]);
  });

  it("catches a package importing itself by name, except in a test", () => {
    const text = 'import "@mcp-hangar/core";';
    expect(importing("packages/core", "@mcp-hangar/core", text)).toHaveLength(1);
    expect(importing("packages/core", "@mcp-hangar/core", text, "test/readme.ts")).toEqual([]);
  });

  it("catches a package that the table does not know", () => {
    expect(importing("packages/extra", "@mcp-hangar/extra", 'import "@mcp-hangar/telemetry";')).toEqual([
      "1: @mcp-hangar/extra does not stand in the import table",
    ]);
  });

  it("lets an app join the packages, and everything import telemetry", () => {
    const text = 'import "@mcp-hangar/core";\nimport "@mcp-hangar/metrics";\nimport "@mcp-hangar/telemetry";';
    expect(importing("apps/server", "mcp-hangar", text)).toEqual([]);
    expect(importing("packages/core", "@mcp-hangar/core", 'import "@mcp-hangar/telemetry";')).toEqual([]);
  });

  it("sees no import in a comment or a string", () => {
    const text = '// import "@mcp-hangar/metrics";\nconst text = `import "@mcp-hangar/metrics"`;';
    expect(importing("packages/core", "@mcp-hangar/core", text)).toEqual([]);
  });
});

describe("the import table, for manifests", () => {
  it("catches a forbidden dependency of every kind, with its line", () => {
    for (const kind of ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"] as const) {
      const manifest = { name: "@mcp-hangar/core", [kind]: { "@mcp-hangar/metrics": "workspace:^" } };
      expect(depending("packages/core", manifest)).toEqual([
        "4: @mcp-hangar/core uses @mcp-hangar/metrics, but may use only @mcp-hangar/telemetry, @mcp-hangar/egress",
      ]);
    }
  });

  it("catches a run-time dependency of telemetry and a vendor of an exporter in core", () => {
    const telemetry = { name: "@mcp-hangar/telemetry", dependencies: { zod: "catalog:" } };
    expect(depending("packages/telemetry", telemetry)).toHaveLength(1);
    expect(
      depending("packages/telemetry", { name: "@mcp-hangar/telemetry", devDependencies: { zod: "catalog:" } }),
    ).toEqual([]);
    const core = { name: "@mcp-hangar/core", dependencies: { "prom-client": "catalog:" } };
    expect(depending("packages/core", core)).toHaveLength(1);
  });

  it("lets only a private app install an app, to run its command", () => {
    const dependencies = { "mcp-hangar": "workspace:^" };
    expect(depending("apps/demo", { name: "@mcp-hangar/demo", private: true, dependencies })).toEqual([]);
    expect(depending("apps/other", { name: "other", dependencies })).toHaveLength(1);
    expect(depending("packages/core", { name: "@mcp-hangar/core", dependencies })).toHaveLength(1);
  });
});

describe("what tests share, for manifests", () => {
  const shared = { "@mcp-hangar/testing": "workspace:^" };

  it("is a dependency of development, or of what is private", () => {
    expect(depending("packages/core", { name: "@mcp-hangar/core", devDependencies: shared })).toEqual([]);
    expect(depending("apps/e2e", { name: "@mcp-hangar/e2e", private: true, dependencies: shared })).toEqual([]);
  });

  it("is no dependency of what is published", () => {
    expect(depending("packages/core", { name: "@mcp-hangar/core", dependencies: shared })).toEqual([
      "4: @mcp-hangar/core depends on @mcp-hangar/testing, which is for tests",
    ]);
    expect(depending("apps/server", { name: "mcp-hangar", peerDependencies: shared })).toHaveLength(1);
  });
});

describe("reading imports", () => {
  it("tells imports that are gone at run time from those that stay", () => {
    const text = [
      'import type { A } from "a";',
      'import { type B } from "b";',
      'import { type C, c } from "c";',
      'import "d";',
      'export type { E } from "e";',
      'export * from "f";',
      'const g = await import("g");',
    ].join("\n");
    expect(importedModules(parseSource("example.ts", text))).toEqual([
      { specifier: "a", line: 1, typeOnly: true },
      { specifier: "b", line: 2, typeOnly: true },
      { specifier: "c", line: 3, typeOnly: false },
      { specifier: "d", line: 4, typeOnly: false },
      { specifier: "e", line: 5, typeOnly: true },
      { specifier: "f", line: 6, typeOnly: false },
      { specifier: "g", line: 7, typeOnly: false },
    ]);
  });

  it("refuses a source with wrong syntax instead of checking half of it", () => {
    expect(() => parseSource("example.ts", "const = 5")).toThrow("example.ts cannot be parsed");
  });
});
