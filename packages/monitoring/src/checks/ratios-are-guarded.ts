import { boundsOf } from "../promql/analyse.ts";
import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";
import { expressionsOf } from "./check.ts";

/**
 * Nothing is divided by what may be zero: without traffic that gives NaN, which poisons averages. A little something
 * added to the divisor is no mend, for at low traffic it turns a total failure into a few percent.
 */
export const ratiosAreGuarded: Check = {
  name: "ratios-are-guarded",
  run(stack) {
    return expressionsOf(stack).flatMap(({ subject, expr }) =>
      [...nodesOf(expr.node)].flatMap((node) => {
        if (node.kind !== "binary" || node.operator !== "/") return [];
        const problem = problemOf(node.right);
        return problem === undefined ? [] : [{ subject, expr, problem, mend: "use `share` or `portion`" }];
      }),
    );
  },
};

function problemOf(divisor: Node): string | undefined {
  if (divisor.kind === "binary" && divisor.operator === "+" && [divisor.left, divisor.right].some(isNumber)) {
    return "something is added to the divisor, which distorts the quotient at low traffic";
  }
  const isGuarded =
    divisor.kind === "binary" &&
    divisor.operator === ">" &&
    divisor.right.kind === "number" &&
    divisor.right.value >= 0;
  return isGuarded || boundsOf(divisor)[0] > 0 ? undefined : "the divisor may be 0, and 0 / 0 is NaN";
}

function isNumber({ kind }: Node): boolean {
  return kind === "number";
}
