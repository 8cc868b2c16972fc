import type { Node } from "./node.ts";

/**
 * Keeps further labels wherever the job is kept, so that what belongs to two clusters is neither added up nor matched with
 * each other. Series without such a label are as before, for a label that is not there is the same as an empty one.
 */
export function alsoBy(node: Node, labels: readonly string[]): Node {
  if (labels.length === 0) return node;
  const deeper = (inner: Node): Node => alsoBy(inner, labels);
  const wider = <T extends { readonly labels: readonly string[] }>(of: T): T =>
    of.labels.includes("job") ? { ...of, labels: [...new Set([...of.labels, ...labels])] } : of;
  switch (node.kind) {
    case "number":
    case "selector":
      return node;
    case "subquery":
      return { ...node, of: deeper(node.of) };
    case "call":
      return { ...node, arguments: node.arguments.map((each) => (typeof each === "string" ? each : deeper(each))) };
    case "aggregate": {
      const { grouping, of } = node;
      return { ...node, grouping: grouping?.kind === "by" ? wider(grouping) : grouping, of: deeper(of) };
    }
    case "binary": {
      const { matching, left, right } = node;
      const sides = { left: deeper(left), right: deeper(right) };
      return { ...node, ...sides, ...(matching?.kind === "on" ? { matching: wider(matching) } : {}) };
    }
  }
}
