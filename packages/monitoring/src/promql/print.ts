import {
  type BinaryNode,
  type BinaryOperator,
  isComparison,
  type Matcher,
  type Node,
  type SelectorNode,
} from "./node.ts";
import type { Expression } from "./vector.ts";

/** Longer expressions are broken over several lines. */
const LINE_LENGTH = 100;

/** An expression as PromQL, on one line where it fits, else with one operand or argument a line. */
export function printPromql({ node }: Expression): string {
  return print(node, "");
}

function print(node: Node, indent: string): string {
  const line = printLine(node);
  if (indent.length + line.length <= LINE_LENGTH) return indent + line;
  const inner = `${indent}  `;
  switch (node.kind) {
    case "number":
    case "selector":
      return indent + line;
    case "call": {
      const parts = node.arguments.map((argument) =>
        typeof argument === "string" ? `${inner}${quote(argument)}` : print(argument, inner),
      );
      return `${indent}${node.name}(\n${parts.join(",\n")}\n${indent})`;
    }
    case "aggregate": {
      const parameter = node.parameter === undefined ? "" : `${inner}${printNumber(node.parameter)},\n`;
      return `${indent}${aggregateHead(node)}(\n${parameter}${print(node.of, inner)}\n${indent})`;
    }
    case "subquery":
      return `${indent}(\n${print(node.of, inner)}\n${indent})${rangeOf(node)}`;
    case "binary":
      return printBinary(node, indent);
  }
}

/** The operator has a line of its own between two operands; beside a number it stays on the line of the other one. */
function printBinary(node: BinaryNode, indent: string): string {
  const operator = `${node.operator}${printMatching(node)}`;
  const { left, right } = node;
  if (left.kind === "number" && !isOpen(node, "right")) {
    return `${indent}${printLine(left)} ${operator} ${operand(node, "right", indent).slice(indent.length)}`;
  }
  if (right.kind === "number") {
    const separator = isOpen(node, "left") ? `\n${indent}` : " ";
    return `${operand(node, "left", indent)}${separator}${operator} ${printLine(right)}`;
  }
  return `${operand(node, "left", indent)}\n${indent}${operator}\n${operand(node, "right", indent)}`;
}

/** Whether an operand is spread over lines without parentheses around it, so that what follows needs its own line. */
function isOpen(parent: BinaryNode, side: "left" | "right"): boolean {
  return parent[side].kind === "binary" && !needsParentheses(parent, side);
}

function operand(parent: BinaryNode, side: "left" | "right", indent: string): string {
  const node = parent[side];
  if (!needsParentheses(parent, side)) return print(node, indent);
  const line = `${indent}(${printLine(node)})`;
  return line.length <= LINE_LENGTH ? line : `${indent}(\n${print(node, `${indent}  `)}\n${indent})`;
}

function printLine(node: Node): string {
  switch (node.kind) {
    case "number":
      return printNumber(node.value);
    case "selector":
      return printSelector(node);
    case "call":
      return `${node.name}(${node.arguments.map((each) => (typeof each === "string" ? quote(each) : printLine(each))).join(", ")})`;
    case "aggregate": {
      const parameter = node.parameter === undefined ? "" : `${printNumber(node.parameter)}, `;
      return `${aggregateHead(node)}(${parameter}${printLine(node.of)})`;
    }
    case "subquery":
      return `${node.of.kind === "binary" ? `(${printLine(node.of)})` : printLine(node.of)}${rangeOf(node)}`;
    case "binary": {
      const [left, right] = (["left", "right"] as const).map((side) =>
        needsParentheses(node, side) ? `(${printLine(node[side])})` : printLine(node[side]),
      );
      return `${left} ${node.operator}${printMatching(node)} ${right}`;
    }
  }
}

function aggregateHead({ operator, grouping }: Extract<Node, { kind: "aggregate" }>): string {
  return grouping === undefined ? operator : `${operator} ${grouping.kind} (${grouping.labels.join(", ")}) `;
}

function printSelector({ metric, suffix, matchers, range, offset }: SelectorNode): string {
  const braces = matchers.length === 0 ? "" : `{${matchers.map(printMatcher).join(", ")}}`;
  const rangePart = range === undefined ? "" : `[${range}]`;
  return `${metric.name}${suffix}${braces}${rangePart}${offset === undefined ? "" : ` offset ${offset}`}`;
}

function printMatcher({ label, operator, values, variable }: Matcher): string {
  const isExpression = (operator === "=~" || operator === "!~") && variable !== true;
  const text = isExpression ? values.map(escapeExpression).join("|") : values.join("|");
  return `${label}${operator}${quote(text)}`;
}

function rangeOf({ range, step }: Extract<Node, { kind: "subquery" }>): string {
  return `[${range}:${step ?? ""}]`;
}

function printMatching({ matching }: BinaryNode): string {
  if (matching === undefined) return "";
  const include = matching.include === undefined ? "" : ` group_left (${matching.include.join(", ")})`;
  return ` ${matching.kind} (${matching.labels.join(", ")})${include}`;
}

/** From loosest to tightest, as the documentation of Prometheus lists them. */
function precedence(operator: BinaryOperator): number {
  if (operator === "or") return 1;
  if (operator === "and" || operator === "unless") return 2;
  if (isComparison(operator)) return 3;
  return operator === "+" || operator === "-" ? 4 : 5;
}

function needsParentheses(parent: BinaryNode, side: "left" | "right"): boolean {
  const node = parent[side];
  if (node.kind !== "binary") return false;
  const [outer, inner] = [precedence(parent.operator), precedence(node.operator)];
  if (inner !== outer) return inner < outer;
  // Operators of the same precedence group from the left.
  return side === "right" && !(parent.operator === "or" && node.operator === "or");
}

/** Without an exponent, which few readers expect in a threshold. */
function printNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  const text = String(value);
  return text.includes("e-") ? value.toFixed(20).replace(/0+$/, "") : text;
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function escapeExpression(value: string): string {
  return value.replaceAll(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}
