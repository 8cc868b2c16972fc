import { isDeepStrictEqual } from "node:util";
import { isOurs } from "./import-table.ts";
import { lineOf, type Violation } from "./violation.ts";
import { declaredDependencies, type ExportTarget, type Manifest, type WorkspacePackage } from "./workspace.ts";

/** The condition under which tests and `node --conditions` find sources instead of built files. */
const sourceCondition = "@mcp-hangar/source";
const license = "Apache-2.0";
const publishedFiles = ["dist", "!dist/.tsbuildinfo", "README.md"];

interface Problem {
  /** What to look for in the manifest to find the line. */
  readonly at: string;
  readonly rule: string;
  readonly mend: string;
}

/** Checks that a package's manifest says what all others say, and that what it publishes has no trace of the workspace. */
export function checkManifest(
  { directory, manifest, manifestText }: WorkspacePackage,
  root: Pick<Manifest, "engines">,
): readonly Violation[] {
  const problems = [
    ...checkCommon(manifest, root),
    ...checkVersions(manifest),
    ...(manifest.private === true ? [] : checkPublished(manifest)),
  ];
  return problems.map(({ at, rule, mend }) => ({
    file: `${directory}/package.json`,
    line: lineOf(manifestText, at),
    rule,
    mend,
  }));
}

function checkCommon(manifest: Manifest, root: Pick<Manifest, "engines">): readonly Problem[] {
  const node = root.engines?.node;
  return [
    ...expect(manifest.license === license, "license", `license is ${show(manifest.license)}`, `write "${license}"`),
    ...expect(manifest.type === "module", "type", `type is ${show(manifest.type)}`, 'write "module"'),
    ...expect(
      manifest.engines?.node === node,
      "engines",
      `engines.node is ${show(manifest.engines?.node)}`,
      `write ${show(node)}, as in the root manifest`,
    ),
    ...expect(
      (manifest.description ?? "") !== "",
      "description",
      "there is no description",
      "say what it is in one sentence",
    ),
  ];
}

function checkVersions(manifest: Manifest): readonly Problem[] {
  return Object.entries(declaredDependencies(manifest)).flatMap(([name, version]) => {
    const wanted = isOurs(name) ? "workspace:^" : "catalog:";
    return expect(
      version === wanted,
      `"${name}"`,
      `${name} is wanted as "${version}"`,
      wanted === "catalog:" ? 'write "catalog:" and put the version into pnpm-workspace.yaml' : `write "${wanted}"`,
    );
  });
}

function checkPublished(manifest: Manifest): readonly Problem[] {
  const { files, exports = {}, publishConfig } = manifest;
  const published = publishConfig?.exports ?? exports;
  const dependsOnSources = JSON.stringify(published).includes(sourceCondition);
  return [
    ...expect(
      isDeepStrictEqual(files, publishedFiles),
      "files",
      `files is ${show(files)}`,
      `write ${show(publishedFiles)}`,
    ),
    ...expect(
      publishConfig?.access === "public",
      "publishConfig",
      "publishConfig.access is not public",
      'write "public"',
    ),
    ...expect(
      exports["./package.json"] === "./package.json",
      "exports",
      "exports has no ./package.json",
      'add "./package.json": "./package.json"',
    ),
    ...expect(
      !dependsOnSources,
      "publishConfig",
      "the published exports name sources, which are not published",
      `leave ${sourceCondition} out of publishConfig.exports`,
    ),
    ...expect(
      isDeepStrictEqual(Object.keys(published), Object.keys(exports)),
      "publishConfig",
      "publishConfig.exports has other subpaths than exports",
      "list the same subpaths in the same order",
    ),
    ...Object.entries(exports).flatMap(([subpath, target]) => checkExport(subpath, target, published[subpath])),
  ];
}

function checkExport(subpath: string, target: ExportTarget, published: ExportTarget | undefined): readonly Problem[] {
  if (typeof target === "string") return [];
  const source = /^\.\/src\/(.+)\.ts$/.exec(target[sourceCondition] ?? "")?.[1];
  const built = { types: `./dist/${source}.d.ts`, default: `./dist/${source}.js` };
  return [
    ...expect(
      source !== undefined &&
        isDeepStrictEqual(
          Object.entries(target),
          Object.entries({ [sourceCondition]: `./src/${source}.ts`, ...built }),
        ),
      `"${subpath}"`,
      `exports["${subpath}"] is ${show(target)}`,
      `write "${sourceCondition}", "types" and "default" in this order, for the same file in src/ and dist/`,
    ),
    ...expect(
      published === undefined || isDeepStrictEqual(published, built),
      "publishConfig",
      `publishConfig.exports["${subpath}"] is ${show(published)}`,
      `write ${show(built)}`,
    ),
  ];
}

function expect(holds: boolean, at: string, rule: string, mend: string): readonly Problem[] {
  return holds ? [] : [{ at: at.startsWith('"') ? at : `"${at}"`, rule, mend }];
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
