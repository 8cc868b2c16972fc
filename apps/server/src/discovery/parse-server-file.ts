import type { SourceContext } from "@mcp-hangar/core";
import { parseConfigDocument } from "../config/document.ts";
import type { Environment } from "../config/environment.ts";
import type { ExpansionSources } from "../config/expand.ts";
import { SecretFiles } from "../config/secret-files.ts";

/** What the references of a server file are replaced from. */
type ServerFileSources = NonNullable<Parameters<SourceContext["parseDocument"]>[1]> & { readonly env: Environment };

/**
 * Reads a file of a discovery source as the configuration is read, with the same limits. Without `sources`, references to
 * variables and files stay as they are written.
 * @throws Error naming the first problems with their lines.
 */
export function parseServerFile(text: string, sources: ServerFileSources | undefined): unknown {
  const { root, problems } = parseConfigDocument(text, sources && expansionSources(sources));
  if (problems.length === 0) return root;
  const described = problems
    .slice(0, 3)
    .map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`));
  throw new Error(described.join("; "));
}

function expansionSources({ env, file, mayReadFiles }: ServerFileSources): ExpansionSources {
  const files = new SecretFiles(file);
  const message =
    "files are not read here: server_modes of the discovery source has remote servers only, which get no files of the gateway";
  return { env, readFile: (path) => (mayReadFiles ? files.read(path) : { kind: "unusable", message }) };
}
