import type { Node } from "./promql/node.ts";
import { mapSelectors } from "./promql/node.ts";
import { printPromql } from "./promql/print.ts";
import type { Expression } from "./promql/vector.ts";

declare const uses: unique symbol;

/** How the value of an alert is written in an annotation. */
export type ValueFormat = "percentage" | "duration" | "bytes" | "number";

type Part =
  | string
  | { readonly kind: "label"; readonly name: string }
  | WhereThere
  | { readonly kind: "value"; readonly format: ValueFormat }
  | MostReference;

/** The text of an annotation. `Label` are the labels it needs; an alert whose expression lost one does not compile. */
export interface Template<Label extends string = string> {
  readonly parts: readonly Part[];
  readonly [uses]?: Label;
}

/** The value of a label in the text of an annotation. */
export interface LabelReference<Label extends string> {
  readonly kind: "label";
  readonly name: Label;
}

interface WhereThere {
  readonly kind: "where";
  readonly before: string;
  readonly name: string;
}

interface MostReference {
  readonly kind: "most";
  readonly before: string;
  readonly after: string;
  readonly of: Expression;
}

interface ValueReference {
  readonly kind: "value";
  readonly format: ValueFormat;
}

/** The value that a label of the alert has. */
export function label<const Label extends string>(name: Label): LabelReference<Label> {
  return { kind: "label", name };
}

/** The value of a label that only some of the alert's series have, with words before it; nothing where it is missing. */
export function whereThere(before: string, name: string): WhereThere {
  return { kind: "where", before, name };
}

/** The value of the alert's expression. */
export function value(format: ValueFormat): ValueReference {
  return { kind: "value", format };
}

/**
 * The servers to which most of something belongs, each with its share, asked of Prometheus when the text is written; the
 * words before and after are left out where it has no answer. `of` has series by `mcp_server` of the alert's job.
 */
export function most(before: string, after: string, of: Expression): MostReference {
  return { kind: "most", before, after, of };
}

/** Text with labels and values: ``text`${label("mcp_server")} fails ${value("percentage")} of its calls.` ``. */
export function text<const Label extends string = never>(
  strings: TemplateStringsArray,
  ...references: readonly (LabelReference<Label> | ValueReference | WhereThere | MostReference | string | number)[]
): Template<Label> {
  const parts = strings.flatMap((string, index): readonly Part[] => {
    const reference = references[index];
    if (reference === undefined) return [string];
    return [string, typeof reference === "object" ? reference : String(reference)];
  });
  return { parts: parts.filter((part) => part !== "") };
}

/** The names of the labels that a template needs. */
export function labelsUsedBy({ parts }: Template): readonly string[] {
  return parts.flatMap((part) => (typeof part !== "string" && part.kind === "label" ? [part.name] : []));
}

/** What a template asks Prometheus. */
export function queriesOf({ parts }: Template): readonly Expression[] {
  return parts.flatMap((part) => (typeof part !== "string" && part.kind === "most" ? [part.of] : []));
}

/** Functions of Prometheus templates for each format. */
const FORMATS: Readonly<Record<ValueFormat, (value: string) => string>> = {
  percentage: (value) => `{{ ${value} | humanizePercentage }}`,
  duration: (value) => `{{ ${value} | humanizeDuration }}`,
  bytes: (value) => `{{ ${value} | humanize1024 }}B`,
  number: (value) => `{{ ${value} | printf "%.4g" }}`,
};

/** How a template is written where it is read. */
interface TemplateStyle {
  /** The name of the alert's value. */
  readonly valueName?: string;
  /** Labels that tell installations apart beside the job: queries in the text ask for that of the alert only. */
  readonly targetLabels?: readonly string[];
  /** Whether texts can ask queries there; where they cannot, what would be asked is left out. */
  readonly asks?: boolean;
}

/** A template in the language of Prometheus, or of what reads a dialect of it. */
export function printTemplate({ parts }: Template, style: TemplateStyle = {}): string {
  const { valueName = "$value", targetLabels = [], asks = true } = style;
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      if (part.kind === "most") return asks ? printMost(part, targetLabels) : "";
      if (part.kind === "where") return `{{ with $labels.${part.name} }}${part.before}{{ . }}{{ end }}`;
      return part.kind === "label" ? `{{ $labels.${part.name} }}` : FORMATS[part.format](valueName);
    })
    .join("");
}

/** Servers that a text names. */
const NAMED_MAX = 3;

function printMost({ before, after, of }: MostReference, targetLabels: readonly string[]): string {
  // `%[1]q` is the value of the first label, quoted.
  const own = targetLabels.map((label, at) => ({ label, operator: "=", values: [`%[${at + 1}]q`] }) as const);
  const asked = mapSelectors(of.node, (each) => ({ ...each, matchers: [...each.matchers, ...own] }));
  const sum = { kind: "aggregate", operator: "sum", grouping: undefined, parameter: undefined, of: asked } as const;
  const byServer: Node = { ...sum, grouping: { kind: "by", labels: ["mcp_server"] } };
  const whole: Node = { kind: "call", name: "scalar", arguments: [sum] };
  const shares: Node = { kind: "binary", operator: "/", left: byServer, right: whole };
  const some: Node = { kind: "binary", operator: ">", left: shares, right: { kind: "number", value: 0 } };
  const top: Node = { ...sum, operator: "topk", parameter: NAMED_MAX, of: some };
  const text = printPromql({ node: top })
    .replaceAll(/\s+/g, " ")
    .replaceAll(/"(%\[\d+\]q)"/g, "$1");
  const given = targetLabels.map((label) => ` $labels.${label}`).join("");
  const query = given === "" ? `query \`${text}\`` : `query (printf \`${text}\`${given})`;
  const server = "{{ $server.Labels.mcp_server }} ({{ $server.Value | humanizePercentage }})";
  return `{{ with ${query} }}${before}{{ range $at, $server := . }}{{ if $at }},{{ end }} ${server}{{ end }}${after}{{ end }}`;
}
