/** A server from npm, and what of it is tried. */
export interface PublishedServer {
  /** `name@version`. */
  readonly package: string;
  /** Further arguments; `folder` is an empty one. */
  readonly args?: (folder: string) => readonly string[];
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
  /** Calls, one after the other: what is answered must be the same with and without a gateway. */
  readonly calls: (folder: string) => readonly (readonly [tool: string, args: Readonly<Record<string, unknown>>])[];
}

const OFFICIAL = "@modelcontextprotocol";

/** What is measured. Some of the calls fail for want of a network or a browser: then the failure must be the same. */
export const PUBLISHED_SERVERS: readonly PublishedServer[] = [
  {
    package: `${OFFICIAL}/server-everything@2026.8.31`,
    calls: () => [
      ["echo", { message: "Grüße" }],
      ["get-sum", { a: 1, b: 2 }],
      ["get-tiny-image", {}],
      ["get-structured-content", { location: "New York" }],
      ["get-resource-links", { count: 2 }],
    ],
  },
  {
    package: `${OFFICIAL}/server-filesystem@2026.8.31`,
    args: (folder) => [folder],
    calls: (folder) => [
      ["write_file", { path: `${folder}/a.txt`, content: "one\ntwo\n" }],
      ["edit_file", { path: `${folder}/a.txt`, edits: [{ oldText: "two", newText: "three" }] }],
      ["read_text_file", { path: `${folder}/a.txt`, head: 1 }],
      ["directory_tree", { path: folder }],
      ["read_text_file", { path: "/etc/passwd" }],
    ],
  },
  {
    package: `${OFFICIAL}/server-memory@2026.8.31`,
    env: (folder) => ({ MEMORY_FILE_PATH: `${folder}/memory.jsonl` }),
    calls: () => [
      // Who comes second finds what the first has left.
      ["delete_entities", { entityNames: ["n"] }],
      ["create_entities", { entities: [{ name: "n", entityType: "t", observations: ["o"] }] }],
      ["search_nodes", { query: "o" }],
      ["read_graph", {}],
    ],
  },
  {
    package: `${OFFICIAL}/server-sequential-thinking@2026.8.31`,
    calls: () => [
      ["sequentialthinking", { thought: "first", nextThoughtNeeded: true, thoughtNumber: 1, totalThoughts: 2 }],
    ],
  },
  {
    package: `${OFFICIAL}/server-pdf@2.0.4`,
    args: () => ["--stdio"],
    calls: () => [["list_pdfs", {}]],
  },
  {
    package: "mcp-hello-world@1.1.2",
    calls: () => [
      ["echo", { message: "x" }],
      ["add", { a: 1, b: 2 }],
    ],
  },
  { package: "@upstash/context7-mcp@4.1.1", calls: () => [["query-docs", {}]] },
  {
    package: "@notionhq/notion-mcp-server@2.5.2",
    env: () => ({ NOTION_TOKEN: "ntn_none" }),
    calls: () => [["API-get-self", {}]],
  },
  { package: "mcp-server-kubernetes@4.1.7", calls: () => [["kubectl_context", { operation: "list" }]] },
  {
    package: "@cyanheads/git-mcp-server@2.15.3",
    calls: (folder) => [
      ["git_init", { path: folder }],
      ["git_status", { path: folder }],
    ],
  },
  {
    package: `${OFFICIAL}/server-github@2025.4.8`,
    calls: () => [["get_issue", {}]],
  },
  {
    package: "@playwright/mcp@0.0.83",
    args: () => ["--headless"],
    calls: () => [
      ["browser_close", {}],
      ["browser_navigate", { url: 5 }],
    ],
  },
  { package: "@antv/mcp-server-chart@0.9.10", calls: () => [["generate_pie_chart", {}]] },
  { package: "tavily-mcp@0.2.22", env: () => ({ TAVILY_API_KEY: "tvly-none" }), calls: () => [["tavily_search", {}]] },
  { package: "chrome-devtools-mcp@1.11.0", calls: () => [["click", {}]] },
  { package: "@eslint/mcp@0.3.13", calls: () => [["lint-files", { filePaths: ["/none/a.js"] }]] },
];
