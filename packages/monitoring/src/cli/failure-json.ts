import { ChecksFailed } from "../checks/index.ts";
import { printPromql } from "../promql/print.ts";
import { OptionsUnusable } from "../settings/check-overrides.ts";

/** What went wrong, for scripts: `{violations}` of a stack that is not sound, `{problems}` of options. */
export function failureJson(error: Error): string | undefined {
  if (error instanceof ChecksFailed) {
    const violations = error.violations.map(({ expr, ...rest }) => {
      return expr === undefined ? rest : { ...rest, expr: printPromql(expr) };
    });
    return json({ violations });
  }
  return error instanceof OptionsUnusable ? json({ problems: error.problems }) : undefined;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
