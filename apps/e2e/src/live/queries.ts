import { UNEXPORTED_SIGNALS } from "@mcp-hangar/monitoring";

/** A query that people will run, and where they find it. */
export interface PublishedQuery {
  /** `overview.json: Tool calls`, `MCPHangarWatchdog.md`. */
  readonly source: string;
  readonly expr: string;
}

/** Every query of every dashboard and runbook among the generated files, variables replaced, each once a source. */
export function publishedQueries(files: ReadonlyMap<string, string>): readonly PublishedQuery[] {
  const all = [...files].flatMap(([path, content]) => {
    if (path.startsWith("grafana/dashboards/") && path.endsWith(".json")) return dashboardQueries(path, content);
    return path.endsWith(".md") ? runbookQueries(path, content) : [];
  });
  return [...new Map(all.map((query) => [`${query.source}\n${query.expr}`, query])).values()];
}

/** What a viewer has chosen; `All` of a variable that is compared by `=~` is every value. */
const CHOSEN: Readonly<Record<string, string>> = {
  __rate_interval: "5s",
  __interval: "1s",
  __range: "30s",
  __range_s: "30",
  __interval_ms: "1000",
  job: "mcp-hangar",
  mcp_server: "failing",
  tool: "is_error",
};

/** Fills in variables as Grafana does. Throws for one that is not known here, because the query would be wrong. */
function fillIn(expr: string): string {
  const all = expr.replaceAll(/=~"\$\{?\w+(?::\w+)?\}?"/g, '=~".+"');
  return all.replaceAll(/\$\{?(\w+)(?::\w+)?\}?/g, (_variable, name: string) => {
    const value = CHOSEN[name];
    if (value === undefined) throw new Error(`no value is known for the variable $${name} of: ${expr}`);
    return value;
  });
}

/** Why a query may have no answer in a live run, or `undefined` if it must have one. */
export function reasonForSilence(expr: string): string | undefined {
  return SILENT.find(({ pattern }) => pattern.test(expr))?.reason;
}

const SILENT: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /([<>]=?|==|!=) [\d.e+-]+$/, reason: "it is a condition, which has an answer only while it is met" },
  {
    pattern: /^sum by \([\w, ]+\) \([\s\S]*[<>]=? [\d.e+-]+\s+and\s[\s\S]*[<>]=? [\d.e+-]+\s*\)$/,
    reason: "it sums what meets two conditions, and has an answer only while something does",
  },
  { pattern: /== 0\s+or\s+absent\(.*\)$/, reason: "it is a condition, which has an answer only while it is met" },
  { pattern: /mcp_hangar_audit_/, reason: "the gateways of these tests keep no audit journal" },
  { pattern: /mcp_hangar_mcp_server_sessions/, reason: "no server of these tests keeps sessions of single callers" },
  { pattern: /mcp_hangar_tasks?_/, reason: "no tool of these tests is called as a task" },
  { pattern: /mcp_hangar_http_through_proxy/, reason: "nothing of these tests is reached through a proxy" },
  { pattern: /mcp_hangar_list_item_faults_total/, reason: "every item that is listed here can be read" },
  ...Object.entries(UNEXPORTED_SIGNALS).map(([signal, reason]) => ({
    pattern: new RegExp(`signal="${signal}"`),
    reason,
  })),
];

function runbookQueries(path: string, content: string): readonly PublishedQuery[] {
  const source = path.slice(path.lastIndexOf("/") + 1);
  // A block may hold several queries with an empty line between them: the rules of one alert.
  const blocks = [...content.matchAll(/^```promql\n([\s\S]*?)\n```$/gm)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split(/\n{2,}/)).map((expr) => ({ source, expr: fillIn(expr) }));
}

function dashboardQueries(path: string, content: string): readonly PublishedQuery[] {
  const source = path.slice(path.lastIndexOf("/") + 1);
  return expressionsIn(JSON.parse(content), source);
}

/** Everything in a dashboard's model that Prometheus evaluates: targets, annotations, and what variables offer. */
function expressionsIn(value: unknown, source: string): readonly PublishedQuery[] {
  if (Array.isArray(value)) return value.flatMap((each) => expressionsIn(each, source));
  if (typeof value !== "object" || value === null) return [];
  const title = "title" in value && typeof value.title === "string" ? value.title : undefined;
  const inside = title === undefined ? source : `${source.split(": ", 1)[0]}: ${title}`;
  return Object.entries(value).flatMap(([key, each]) => {
    if (key === "expr" && typeof each === "string") return [{ source: inside, expr: fillIn(each) }];
    const offered = typeof each === "string" ? /^label_values\((.+),\s*\w+\)$/s.exec(each)?.[1] : undefined;
    if (key === "query" && offered !== undefined) return [{ source: inside, expr: fillIn(offered) }];
    return expressionsIn(each, inside);
  });
}
