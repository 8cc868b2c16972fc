import { PERMISSIONS } from "../access/permissions.ts";
import { EVENTS_ROUTE } from "./events/events-route.ts";
import { OPENAPI_PATH } from "./openapi.ts";
import type { Operation } from "./operation.ts";

const INTRODUCTION = `# REST interface and management tools

<!-- Generated from apps/server/src/management by pnpm generate. Do not edit. -->

What operators do with the gateway, once for programs and once for agents: each line is one operation, with its place
under \`/api\` and its name among the tools of \`/manage/mcp\`; tools that agents need at their work are on \`/mcp\` instead. Both
take the same input, give the same answer and ask for the same permission. A tool exists while what it is about is configured:
discovery sources, groups, a history, an audit journal, servers registered at run time. [openapi.json](openapi.json), which a gateway serves at \`${OPENAPI_PATH}\` too, has all fields.

Over REST the input is the path, the query and the JSON body together; a field that does not exist is refused. What could
not be done is answered with a status of 4xx or 5xx and \`{"error": {"code", "message", "problems"}}\`. A tool that could not do
it says so in its result, as text, with \`isError\`.
`;

const EFFECTS: Readonly<Record<Operation["effect"], string>> = { read: "", change: "changes", destroy: "destroys" };

/** The page `docs/reference/api.md`. */
export function apiReference(operations: readonly Operation[]): string {
  const rows = operations.map(({ title, tool, route, permission, effect, openWorld, forAgents }) => [
    title,
    route === undefined ? "" : code(`${route.method} ${route.path}`),
    tool === undefined ? "" : `${code(tool)}${forAgents === true ? " on `/mcp`" : ""}`,
    code(permission),
    openWorld === true ? "that of the tools" : EFFECTS[effect],
  ]);
  const more = [
    ["Follow what happens", code(`GET ${EVENTS_ROUTE.path}`), "", code(EVENTS_ROUTE.permission), ""],
    ["The OpenAPI document", code(`GET ${OPENAPI_PATH}`), "", "", ""],
    ["Metrics for Prometheus", code("GET /metrics"), "", code("metrics:read"), ""],
    ["Probes", code("GET /health/live"), "", "", ""],
    ["", code("GET /health/ready"), "", "", ""],
    ["", code("GET /health/startup"), "", "", ""],
  ];
  return [
    INTRODUCTION,
    table(["Operation", "REST", "Tool", "Permission", "Effect"], [...rows, ...more]),
    "",
    "## Permissions",
    "",
    table(
      ["Permission", "What it allows"],
      Object.entries(PERMISSIONS).map(([name, text]) => [code(name), text]),
    ),
    "",
    "## Operations",
    "",
    ...operations.map(operationText),
  ].join("\n");
}

function operationText({ id, title, description, route, tool }: Operation): string {
  const names = [route === undefined ? undefined : `${route.method} ${route.path}`, tool].filter(
    (name) => name !== undefined,
  );
  return `### ${title}\n\n${names.map(code).join(", ")} (\`operationId\` ${code(id)})\n\n${description}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}
