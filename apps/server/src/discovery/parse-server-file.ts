import { parseConfigDocument } from "../config/document.ts";
import type { Environment } from "../config/environment.ts";

/**
 * Reads a file of a discovery source as the configuration is read, with the same limits. Without `env`, variables stay as
 * they are written.
 * @throws Error naming the first problems with their lines.
 */
export function parseServerFile(text: string, env: Environment | undefined): unknown {
  const { root, problems } = parseConfigDocument(text, env);
  if (problems.length === 0) return root;
  const described = problems
    .slice(0, 3)
    .map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`));
  throw new Error(described.join("; "));
}
