import { printPromql } from "../promql/print.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";

/** What a check found, and what to do about it. */
export interface Finding {
  /** What is wrong: `alert MCPHangarX`, `panel errors of mcp-hangar-overview`, `route to slack`. */
  readonly subject: string;
  readonly expr?: Expression;
  readonly problem: string;
  readonly mend: string;
}

/** One rule that every stack keeps. A finding fails the build. */
export interface Check {
  readonly name: string;
  readonly run: (stack: Stack) => readonly Finding[];
}

/** A finding with the check that found it. */
export interface Violation extends Finding {
  readonly check: string;
  /** The option that it is about, with its value: `alerts.HighErrorRate is {…}`; absent where none is. */
  readonly option?: string;
}

/** A violation as people read it. */
export function describeViolation({ check, subject, expr, problem, mend, option }: Violation): string {
  const lines = [`${subject}: ${problem} [${check}]`, `  mend: ${mend}`];
  if (option !== undefined) lines.push(`  option: ${option}`);
  if (expr !== undefined) lines.push("  expression:", printPromql(expr).replaceAll(/^/gm, "    "));
  return lines.join("\n");
}

/** An expression of the stack and who owns it. */
export interface OwnedExpression {
  readonly subject: string;
  readonly kind: "alert" | "record" | "panel" | "variable" | "annotation" | "runbook";
  readonly expr: Expression;
}

/** Every expression of a stack: of alerts, recording rules, dashboards and runbooks. */
export function expressionsOf(stack: Stack): readonly OwnedExpression[] {
  return [
    ...stack.recordingRules.map(
      (rule): OwnedExpression => ({ subject: `recording rule ${rule.record}`, kind: "record", expr: rule.expr }),
    ),
    ...stack.alerts.map(
      (alert): OwnedExpression => ({ subject: `alert ${alert.id}`, kind: "alert", expr: alert.expr }),
    ),
    ...stack.dashboards.flatMap(({ uid, panels, variables, annotations }) => [
      ...panels.flatMap(({ key, queries }) =>
        queries.map(({ expr }): OwnedExpression => ({ subject: `panel ${key} of ${uid}`, kind: "panel", expr })),
      ),
      ...variables.map(
        ({ name, from }): OwnedExpression => ({ subject: `variable ${name} of ${uid}`, kind: "variable", expr: from }),
      ),
      ...annotations.map(
        ({ name, expr }): OwnedExpression => ({ subject: `annotation ${name} of ${uid}`, kind: "annotation", expr }),
      ),
    ]),
    ...stack.runbooks.flatMap(({ alert, confirm, causes }) =>
      [...confirm, ...causes].flatMap(({ look }): readonly OwnedExpression[] =>
        look?.kind === "query" ? [{ subject: `runbook ${alert}`, kind: "runbook", expr: look.expr }] : [],
      ),
    ),
  ];
}
