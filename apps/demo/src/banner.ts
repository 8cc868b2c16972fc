/** What the banner needs to print lines that work as they stand. */
export interface BannerFacts {
  readonly url: string;
  /** Whether the command line finds the gateway without `--url`. */
  readonly isDefaultUrl: boolean;
  /** The folder that the filesystem server shows. */
  readonly files: string;
}

/** Lines to copy into a second terminal, in the root of the clone. */
export function banner({ url, isDefaultUrl, files }: BannerFacts): string {
  const option = isDefaultUrl ? "" : ` --url ${url}`;
  const hangar = (command: string): string => `  npm run -s hangar -- ${command}${option}`;
  return `
MCP Hangar serves http at ${url} in front of three MCP servers: everything, filesystem, almanac.
Try it in a second terminal, in the folder of the clone:

${hangar("status")}
${hangar(`call almanac sun_times --args '{"latitude": 52.52, "longitude": 13.405, "date": "2026-06-21"}'`)}
${hangar(`call filesystem read_text_file --args '{"path": "${files}/hello.txt"}'`)}
${hangar(`call everything get-sum --args '{"a": 1, "b": 2}'`)}
  curl -s ${url}/metrics | grep mcp_hangar_tool_calls_total
  curl -s ${url}/health/ready
  curl -s ${url}/api/history

The same with the MCP Inspector (Node.js 22.19 or later), or point any MCP client at ${url}/mcp; tools that
manage the gateway are at ${url}/manage/mcp:

  npx -y @modelcontextprotocol/inspector@2 --cli --server-url ${url}/mcp --transport http --method tools/list

Ctrl-C stops everything.

`;
}
