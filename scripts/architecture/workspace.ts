import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** One workspace package as it stands on disk. */
export interface WorkspacePackage {
  /** Directory from the root, such as `packages/core`. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** The text of `package.json`, for line numbers. */
  readonly manifestText: string;
}

/** The fields of a `package.json` that the architecture has rules about. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly version?: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: { readonly node?: string };
  readonly files?: readonly string[];
  readonly sideEffects?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, ExportTarget>>;
  readonly publishConfig?: { readonly access?: string; readonly exports?: Readonly<Record<string, ExportTarget>> };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What one subpath of `exports` leads to: a file, or files by condition in order. */
export type ExportTarget = string | Readonly<Record<string, string>>;

/** Lists every file that git tracks or would track, from the root, without those that are deleted on disk. */
export function listFiles(root: string): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = listed.split("\0").filter((file) => file !== "" && existsSync(`${root}/${file}`));
  return [...new Set(files)];
}

/** Reads the manifests of all packages and apps among the listed files. */
export function readPackages(root: string, files: readonly string[]): readonly WorkspacePackage[] {
  return files
    .filter((file) => /^(packages|apps)\/[^/]+\/package\.json$/.test(file))
    .map((file) => {
      const manifestText = readFileSync(`${root}/${file}`, "utf8");
      // The manifests are our own files; what these rules rely on is checked by `checkManifest`.
      const manifest = JSON.parse(manifestText) as Manifest;
      return { directory: file.replace(/\/package\.json$/, ""), manifest, manifestText };
    });
}

/** All names that a manifest declares as dependencies, of whichever kind. */
export function declaredDependencies(manifest: Manifest): Readonly<Record<string, string>> {
  return {
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
    ...manifest.dependencies,
  };
}

/** Whether a file holds tests or the types of tests, which may use what sources may not. */
export function isTestFile(file: string): boolean {
  return /\.test(-d)?\.[mc]?[jt]s$/.test(file) || /^(packages|apps)\/[^/]+\/test\//.test(file);
}
