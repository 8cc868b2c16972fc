import { dirname, join } from "node:path/posix";
import {
  exporterVendors,
  isOurs,
  mayUseTestSupport,
  packageOf,
  refusal,
  testSupport,
  type WorkspaceName,
} from "./import-table.ts";
import { importedModules, type SourceFile } from "./source-file.ts";
import { lineOf, type Violation } from "./violation.ts";
import { declaredDependencies, isTestFile, type WorkspacePackage } from "./workspace.ts";

const moveToAnApp = "join the two in apps/server, or move what they share into @mcp-hangar/telemetry";

/** Where an import stands: whose it is, and which of our names are apps. */
export interface Importer {
  readonly user: WorkspaceName;
  /** The directory of its package, such as `packages/core`. */
  readonly directory: string;
  /** The names of all apps in the workspace. */
  readonly apps: ReadonlySet<string>;
}

/** Checks what a source imports against the import table. */
export function checkImports(source: SourceFile, importer: Importer): readonly Violation[] {
  return importedModules(source).flatMap(({ specifier, line }) => {
    const found = checkSpecifier(specifier, source.file, importer);
    return found === undefined ? [] : [{ file: source.file, line, ...found }];
  });
}

/** Checks the dependencies of a manifest, of every kind, against the import table. */
export function checkDependencies(workspacePackage: WorkspacePackage, apps: ReadonlySet<string>): readonly Violation[] {
  const { directory, manifest, manifestText } = workspacePackage;
  const user = nameOf(workspacePackage);
  const problem = (name: string): string | undefined => {
    if (name === testSupport) {
      // Of a package that is published, too, the dependencies of its development are installed by nobody else.
      const published = manifest.private !== true && manifest.devDependencies?.[name] === undefined;
      return published ? `${user.name} depends on ${name}, which is for tests` : undefined;
    }
    if (isOurs(name)) {
      // A private app may install another app to run its command; importing it is still refused in its sources.
      const used = { name, app: apps.has(name) };
      return used.app && user.app && manifest.private === true ? undefined : refusal(user, used);
    }
    const atRunTime = manifest.dependencies?.[name] ?? manifest.peerDependencies?.[name];
    if (user.name === "@mcp-hangar/telemetry" && atRunTime !== undefined) return leafProblem(name);
    return user.name === "@mcp-hangar/core" && exporterVendors.test(name) ? vendorProblem(name) : undefined;
  };
  return Object.keys(declaredDependencies(manifest)).flatMap((name) => {
    const rule = problem(name);
    if (rule === undefined) return [];
    return [{ file: `${directory}/package.json`, line: lineOf(manifestText, `"${name}"`), rule, mend: moveToAnApp }];
  });
}

/** The name of a workspace package and its side of the table. */
export function nameOf({ directory, manifest }: WorkspacePackage): WorkspaceName {
  return { name: manifest.name, app: directory.startsWith("apps/") };
}

function checkSpecifier(
  specifier: string,
  file: string,
  { user, directory, apps }: Importer,
): Pick<Violation, "rule" | "mend"> | undefined {
  if (specifier.startsWith(".")) {
    const target = join(dirname(file), specifier);
    if (target.startsWith(`${directory}/`)) return undefined;
    return {
      rule: `"${specifier}" leaves the package for ${target}`,
      mend: "import the other package by its name, and export there what is needed",
    };
  }
  const used = packageOf(specifier);
  if (isOurs(specifier)) {
    if (used === user.name) {
      // A test may use its package as a stranger does, to show that the README's example works.
      if (isTestFile(file)) return undefined;
      return { rule: `"${specifier}" is the package itself`, mend: "import the file by its relative path" };
    }
    if (used === testSupport) {
      if (mayUseTestSupport(file)) return undefined;
      return { rule: `"${specifier}" is for tests`, mend: "move what is needed at run time into a package of its own" };
    }
    const rule = refusal(user, { name: used, app: apps.has(used) });
    return rule === undefined ? undefined : { rule, mend: moveToAnApp };
  }
  if (user.name === "@mcp-hangar/telemetry" && !isTestFile(file)) {
    return { rule: leafProblem(specifier), mend: "take the value as an argument, or write the few lines here" };
  }
  if (user.name === "@mcp-hangar/core" && exporterVendors.test(used)) {
    return { rule: vendorProblem(used), mend: "emit an event and let the exporter's package do it" };
  }
  return undefined;
}

function leafProblem(name: string): string {
  return `@mcp-hangar/telemetry uses "${name}", but is the leaf that imports nothing`;
}

function vendorProblem(name: string): string {
  return `@mcp-hangar/core uses "${name}", which belongs to an exporter`;
}
