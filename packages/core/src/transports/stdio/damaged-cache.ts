import { join } from "node:path";
import { type FailedStart, quoteStderr } from "../diagnosis.ts";
import { StartError } from "../session.ts";

/** Folders into which installers put what they have fetched for one package, as they stand in messages and stacks. */
const FOLDERS: readonly RegExp[] = [
  // npx, by a digest of the packages.
  /(?:\/[^\s/'"`:]+)*\/_npx\/[0-9a-f]{16}(?=[/'"`\s:]|$)/,
  // pnpm dlx.
  /(?:\/[^\s/'"`:]+)*\/dlx[-/][0-9A-Za-z]{16,}(?=[/'"`\s:]|$)/,
  // uvx.
  /(?:\/[^\s/'"`:]+)*\/uv\/(?:archive-v0|environments-v\d|tools)\/[^\s/'"`:]+(?=[/'"`\s:]|$)/,
  // bunx.
  /(?:\/[^\s/'"`:]+)*\/bunx-\d+-[^\s/'"`:]+(?=[/'"`\s:]|$)/,
];

/** What programs say whose files are not all there, or not whole. */
const DAMAGE =
  /Cannot find (?:module|package)|MODULE_NOT_FOUND|ModuleNotFoundError|No module named|No such file or directory|ENOTEMPTY|ENOENT|EEXIST|EJSONPARSE|Unexpected end of JSON|SyntaxError|ERR_INVALID_PACKAGE_CONFIG/;

/** What npm says of a package in its cache that is not what the registry says. */
const SPOILT = /EINTEGRITY|Z_DATA_ERROR|TAR_(?:ENTRY_ERROR|BAD_ARCHIVE)/;

/** Where npm keeps what it has fetched. */
export function npmCache(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = Object.entries(env).find(([name]) => name.toLowerCase() === "npm_config_cache")?.[1];
  return named ?? (env.HOME === undefined ? undefined : join(env.HOME, ".npm"));
}

/**
 * Whether an installer has failed because what it had fetched before is not whole, as after a fetch that was killed: it would fail in
 * the same way for ever. `cache` is that of npm. The message names the folder to remove.
 */
export function damagedCache(
  installer: string | undefined,
  { code, stderr }: Pick<FailedStart, "code" | "stderr">,
  cache: string | undefined,
): StartError | undefined {
  if (installer === undefined) return undefined;
  const text = stderr.join("\n");
  const told = (what: string, folder: string): StartError => {
    const remedy = `Remove the folder ${folder}, and the next start fetches it anew.`;
    return new StartError(
      "cache_damaged",
      `${installer} could not run the server: ${what}. ${remedy}${quoteStderr(stderr)}`,
    );
  };
  const ofNpm = installer === "npx" || installer.startsWith("npm ") ? cache : undefined;
  if (SPOILT.test(text) && ofNpm !== undefined) {
    return told("a package in its cache is not what the registry says", join(ofNpm, "_cacache"));
  }
  const folder = folderIn(text);
  if (folder !== undefined && DAMAGE.test(text)) {
    return told("what it has fetched is not whole, as after a fetch that was cut off", folder);
  }
  // The shell in which npx runs the server finds no program where the package should have put it.
  if (code === 127 && ofNpm !== undefined && text.includes("not found")) {
    return told("the package has no such program, or what was fetched is not whole", join(ofNpm, "_npx"));
  }
  return undefined;
}

function folderIn(text: string): string | undefined {
  for (const pattern of FOLDERS) {
    const [folder] = pattern.exec(text) ?? [];
    if (folder !== undefined) return folder;
  }
  return undefined;
}
