/** The end of a help text: commands as they are typed, each without `mcp-hangar`. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ mcp-hangar ${line}`).join("\n")}`;
}
