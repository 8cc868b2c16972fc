/** The oldest release of Node.js that runs the gateway, as `engines` of the package has it. */
export const NODE_MIN = "22.19";

/** Why this Node.js cannot run the gateway, and what to do; `undefined` when it can. `version` is as in `process.versions.node`. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = NODE_MIN.split(".").map(Number);
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return `mcp-hangar needs Node.js ${NODE_MIN} or newer, and this is ${version}: install a newer one, or run \`npx -p node@24 -p mcp-hangar mcp-hangar\``;
}
