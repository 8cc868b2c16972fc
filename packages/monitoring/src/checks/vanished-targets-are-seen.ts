import { type Node, nodesOf } from "../promql/node.ts";
import type { Check } from "./check.ts";

/** An alert on `up == 0` also asks for `absent(up)`: a target that left service discovery has no series that could be 0. */
export const vanishedTargetsAreSeen: Check = {
  name: "vanished-targets-are-seen",
  run({ alerts }) {
    return alerts.flatMap(({ id, expr }) => {
      const nodes = [...nodesOf(expr.node)];
      const asksForZero = nodes.some(
        (node) =>
          node.kind === "binary" && node.operator === "==" && selectsUp(node.left) && node.right.kind === "number",
      );
      const asksForAbsence = nodes.some(
        (node) =>
          node.kind === "call" &&
          node.name === "absent" &&
          node.arguments.some((inner) => typeof inner !== "string" && selectsUp(inner)),
      );
      if (!asksForZero || asksForAbsence) return [];
      const problem = "it stays silent when the target is gone from service discovery";
      return [{ subject: `alert ${id}`, expr, problem, mend: "add `or absent(up)` with the same selector" }];
    });
  },
};

function selectsUp(node: Node): boolean {
  return [...nodesOf(node)].some((inner) => inner.kind === "selector" && inner.metric.name === "up");
}
