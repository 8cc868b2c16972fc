import { limitOf } from "../dashboards/alert-lines.ts";
import type { AlertRule, Cause, Condition, Look, Route, Runbook } from "../model.ts";
import { ALERT_PREFIX, type Unit } from "../names.ts";
import { printPromql } from "../promql/print.ts";
import { percent } from "../slo/decimal.ts";
import type { Stack } from "../stack.ts";
import { dashboardPage } from "./links.ts";
import { fenced, markdownTable, paragraph } from "./markdown.ts";
import { asDeployed } from "./rules.ts";
import { runbookIndex } from "./runbook-index.ts";

const HEADER =
  "<!-- Generated from packages/monitoring/src/runbooks. Do not edit: change it there and run `pnpm build`. -->";

/** The pages by file name: one an alert, and an index. */
export function runbookPages(stack: Stack): Readonly<Record<string, string>> {
  const pages = stack.runbooks.map((runbook) => [`${runbook.alert}.md`, pageOf(runbook, stack)] as const);
  return { "README.md": linked(runbookIndex(stack, HEADER), stack), ...Object.fromEntries(pages) };
}

function pageOf(runbook: Runbook, stack: Stack): string {
  const { alert, meaning, impact, confirm, causes, actions, escalate, resolves } = runbook;
  const rules = stack.alerts.filter(({ name }) => name === alert);
  const blocks = [
    `# ${alert}`,
    HEADER,
    paragraph(meaning),
    rulesTable(rules, stack),
    ...dormancies(rules).map((reason) => paragraph(`**Dormant.** It cannot fire yet: ${reason}.`)),
    paragraph(`**Impact.** ${impact}`),
    "## Confirm",
    ...confirm.map(({ question, look }) => `${paragraph(question)}\n${lookBlock(look)}`),
    "## Causes",
    ...causes.map(causeBlock),
    "## Do",
    actions.map((action, index) => paragraph(action, `${index + 1}. `)).join("\n"),
    paragraph(`**Escalate.** ${escalate}`),
    paragraph(`**Resolves.** ${resolves}`),
    "## Rule",
    fenced("promql", rules.map(({ expr }) => printPromql(asDeployed(expr, stack))).join("\n\n")),
  ];
  return linked(`${blocks.join("\n\n")}\n`, stack);
}

/** Why rules cannot fire, each reason once. */
function dormancies(rules: readonly AlertRule[]): readonly string[] {
  return [...new Set(rules.flatMap(({ dormant }) => dormant ?? []))];
}

/** What is said here comes from the rules alone, so that it cannot differ from them. */
function rulesTable(rules: readonly AlertRule[], stack: Stack): string {
  const several = rules.length > 1;
  return markdownTable(
    [...(several ? ["Rule"] : []), "Severity", "Receiver", "Threshold", "For", "Dashboard"],
    rules.map((rule) => [
      ...(several ? [rule.id.slice(rule.id.indexOf(":") + 1)] : []),
      rule.severity,
      receiverOf(rule, stack),
      thresholdsOf(rule, stack) || "–",
      rule.for,
      dashboardPage(rule, stack),
    ]),
  );
}

function receiverOf({ severity }: AlertRule, { routing }: Stack): string {
  const takes = ({ match }: Route): boolean => match.severity === severity;
  return routing.routes.find(takes)?.receiver ?? routing.defaultReceiver;
}

/** What an alert compares; a minimum is asked for beside all else. */
function thresholdsOf(rule: AlertRule, stack: Stack): string {
  const [minimums, others] = [true, false].map((wanted) =>
    rule.conditions.filter(({ isMinimum = false }) => isMinimum === wanted),
  );
  const said = [...new Set((others ?? []).map((each) => thresholdOf(each, rule, stack)))].join(" or ");
  return [said, ...(minimums ?? []).map(({ threshold }) => `at least ${threshold} of them`)].join(", ");
}

/** Of an alert on a quantile, which compares the share of what is above a limit, the limit too. */
function thresholdOf({ comparison, threshold, unit }: Condition, rule: AlertRule, { options }: Stack): string {
  const limit = limitOf(rule, options.alerts);
  const above = limit === undefined ? "" : ` above ${quantity(limit.value, limit.unit)}`;
  return `${comparison} ${quantity(threshold, unit)}${above}`;
}

function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case "percentunit":
      return `${percent(value)} %`;
    case "bytes":
      return `${value / 1e9} GB`;
    case "s":
      return `${value} s`;
    case "reqps":
    case "ops":
    case "cps":
      return `${value} a second`;
    default:
      return String(value);
  }
}

function causeBlock({ cause, look, sign, mend }: Cause): string {
  const found = paragraph(`**${cause}.** ${sign}`);
  const then = paragraph(mend, "→ ");
  return [found, ...(look === undefined ? [] : [lookBlock(look)]), then].join("\n");
}

function lookBlock(look: Look): string {
  switch (look.kind) {
    case "query":
      return fenced("promql", printPromql(look.expr));
    case "shell":
      return fenced("sh", look.command);
    case "log":
      return fenced("sh", `jq -c '${logFilter(look)}' gateway.log`);
  }
}

function logFilter({ events, fields }: Extract<Look, { readonly kind: "log" }>): string {
  const tests = events.map((event) => `.event == "${event}"`).join(" or ");
  const which = events.length > 1 ? ["event"] : [];
  return `select(${tests}) | [${["timestamp", ...which, ...fields].map((field) => `.${field}`).join(", ")}]`;
}

/** Without links to pages that do not exist, because their alerts are switched off. */
function linked(page: string, { runbooks }: Stack): string {
  const names = new Set<string>(runbooks.map(({ alert }) => alert));
  const link = new RegExp(`\\[(${ALERT_PREFIX}\\w+)\\]\\(\\1\\.md\\)`, "g");
  return page.replaceAll(link, (whole: string, name: string) => (names.has(name) ? whole : name));
}
