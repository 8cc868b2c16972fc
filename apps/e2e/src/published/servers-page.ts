/** What was seen of one server, all of it the same with and without a gateway. */
export interface Measured {
  /** `name@version`. */
  readonly name: string;
  readonly tools: number;
  readonly prompts: number;
  /** Resources and templates of resources. */
  readonly resources: number;
  /** Tools that were called. */
  readonly calls: readonly string[];
}

const INTRODUCTION = `# Published servers

<!-- Written by apps/e2e/test/published-servers.nightly.test.ts from what it saw. Do not edit: run it with --update. -->

Servers from npm as they are. Behind the gateway the list of tools is byte for byte that of the server itself (on \`/mcp\` after the prefix), other
lists are equal, and the calls named here are answered the same; where a call needs a network or a browser that was not there, its failure is the same.

| Server | Tools | Prompts | Resources and templates | Called |
| --- | --- | --- | --- | --- |
`;

/** The page \`docs/reference/published-servers.md\`. */
export function serversPage(servers: readonly Measured[]): string {
  const lines = servers.map(({ name, tools, prompts, resources, calls }) => {
    const called = calls.map((tool) => `\`${tool}\``).join(", ");
    return `| ${name} | ${tools} | ${prompts} | ${resources} | ${called} |\n`;
  });
  return INTRODUCTION + lines.join("");
}
