import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

/** A selector as it stands in the text of a query. */
export interface TextSelector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  /** The range before Grafana fills it in, such as `$__rate_interval`. */
  readonly range: string | undefined;
  /** The function that is called on it, `undefined` for none. */
  readonly calledBy: string | undefined;
}

/** A query that was read, or where it cannot be. */
export type ParsedQuery =
  | { readonly kind: "valid"; readonly selectors: readonly TextSelector[] }
  | { readonly kind: "invalid"; readonly at: string };

/** Durations that stand for what Grafana fills in: unusual ones, so that they are recognised afterwards. */
const RANGES: readonly (readonly [variable: string, duration: string])[] = [
  ["$__rate_interval", "7919s"],
  ["$__interval", "7907s"],
  ["$__range", "7901s"],
];

const remembered = new Map<string, ParsedQuery>();
/** More queries than all dashboards have; what is remembered is dropped then, so that it cannot grow for ever. */
const REMEMBERED_MAX = 2_000;

/** Reads a query of a dashboard, Grafana's own variables included. Several rules read each query, so it is remembered. */
export function parseQuery(expr: string): ParsedQuery {
  const known = remembered.get(expr) ?? parse(expr);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(expr, known);
  return known;
}

function parse(expr: string): ParsedQuery {
  let text = expr;
  for (const [variable, duration] of RANGES) text = text.replaceAll(`[${variable}`, `[${duration}`);
  const tree = parser.parse(text);
  const selectors: TextSelector[] = [];
  let invalidAt: number | undefined;
  tree.iterate({
    enter(reference) {
      if (reference.type.isError) invalidAt ??= reference.from;
      if (reference.name === "VectorSelector") selectors.push(readSelector(reference.node, text));
    },
  });
  if (text.trim() === "") return { kind: "invalid", at: "its beginning: it is empty" };
  if (invalidAt !== undefined)
    return { kind: "invalid", at: `"${text.slice(invalidAt, invalidAt + 30) || "its end"}"` };
  return { kind: "valid", selectors };
}

function readSelector(node: SyntaxNode, text: string): TextSelector {
  const slice = ({ from, to }: SyntaxNode): string => text.slice(from, to);
  const name = node.getChild("Identifier");
  const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((matcher) => {
    const [label, operator, value] = ["LabelName", "MatchOp", "StringLiteral"].map((part) => {
      const child = matcher.getChild(part);
      return child === null ? "" : slice(child);
    });
    return { label: label ?? "", operator: operator ?? "", value: (value ?? "").slice(1, -1) };
  });
  const matrix = node.parent?.name === "MatrixSelector" ? node.parent : undefined;
  const duration = matrix === undefined ? undefined : slice(matrix).slice(node.to - matrix.from + 1, -1);
  return {
    metric: name === null ? "" : slice(name),
    matchers,
    range: RANGES.find(([, filled]) => filled === duration)?.[0] ?? duration,
    calledBy: callerOf(matrix ?? node, slice),
  };
}

function callerOf(node: SyntaxNode, slice: (node: SyntaxNode) => string): string | undefined {
  let parent = node.parent;
  if (parent?.name === "OffsetExpr") parent = parent.parent;
  const call = parent?.name === "FunctionCallBody" ? parent.parent : undefined;
  const identifier = call?.name === "FunctionCall" ? call.getChild("FunctionIdentifier") : undefined;
  return identifier === undefined || identifier === null ? undefined : slice(identifier);
}
