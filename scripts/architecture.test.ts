import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkBans, mayUseAmbient } from "./architecture/bans.ts";
import { importTable } from "./architecture/import-table.ts";
import { checkDependencies, checkImports, nameOf } from "./architecture/imports.ts";
import { checkLockfile, checkMachinePaths } from "./architecture/machine-paths.ts";
import { checkManifest } from "./architecture/manifests.ts";
import { checkReferences, readProjects, readReferences } from "./architecture/project-references.ts";
import { parseSource } from "./architecture/source-file.ts";
import { describeViolation, type Violation } from "./architecture/violation.ts";
import { listFiles, type Manifest, readPackages } from "./architecture/workspace.ts";
import { root } from "./toolchain/pins.mjs";

const files = listFiles(root);
const packages = readPackages(root, files);
const apps = new Set(packages.map(nameOf).flatMap(({ name, app }) => (app ? [name] : [])));
const sources = packages.flatMap((workspacePackage) =>
  files
    .filter((file) => file.startsWith(`${workspacePackage.directory}/`) && /\.[mc]?[jt]s$/.test(file))
    .map((file) => ({ file, workspacePackage })),
);

describe("the repository", () => {
  it("has sources, packages and apps to check", () => {
    expect(packages.map(({ manifest }) => manifest.name)).toEqual(
      expect.arrayContaining(["@mcp-hangar/telemetry", "@mcp-hangar/core", "@mcp-hangar/metrics", "mcp-hangar"]),
    );
    expect(sources.length).toBeGreaterThan(packages.length);
    expect([...apps]).toContain("mcp-hangar");
  });

  it("has only packages that stand in the import table", () => {
    const names = packages
      .filter(({ directory }) => directory.startsWith("packages/"))
      .map(({ manifest }) => manifest.name);
    expect(Object.keys(importTable)).toEqual(expect.arrayContaining(names));
  });

  it("keeps every manifest's dependencies inside the import table", () => {
    expectNone(packages.flatMap((workspacePackage) => checkDependencies(workspacePackage, apps)));
  });

  it("keeps every import inside the import table and inside its package", () => {
    expectNone(
      sources.flatMap(({ file, workspacePackage }) =>
        checkImports(parseSource(file, read(file)), {
          user: nameOf(workspacePackage),
          directory: workspacePackage.directory,
          apps,
        }),
      ),
    );
  });

  it("hands time, randomness, environment and processes in as arguments", () => {
    const strict = sources.filter(({ file }) => !mayUseAmbient(file));
    expect(strict.length).toBeGreaterThan(0);
    expectNone(strict.flatMap(({ file }) => checkBans(parseSource(file, read(file)))));
  });

  it("has consistent manifests", () => {
    // The root manifest is our own file; its one field that matters here is compared with every package's.
    const rootManifest = JSON.parse(read("package.json")) as Manifest;
    expectNone(packages.flatMap((workspacePackage) => checkManifest(workspacePackage, rootManifest)));
  });

  it("builds every project from the root, in the order of the dependencies", () => {
    expectNone(checkReferences(readReferences(`${root}/tsconfig.json`), readProjects(root, packages)));
  });

  it("has no registry address in the lockfile", () => {
    expectNone(checkLockfile("pnpm-lock.yaml", read("pnpm-lock.yaml")));
  });

  it("names no path of anybody's machine", () => {
    expectNone(files.flatMap((file) => checkMachinePaths(file, read(file))));
  });
});

function read(file: string): string {
  return readFileSync(`${root}/${file}`, "utf8");
}

function expectNone(violations: readonly Violation[]): void {
  expect(violations.map(describeViolation)).toEqual([]);
}
