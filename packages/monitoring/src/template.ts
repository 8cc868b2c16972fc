declare const uses: unique symbol;

/** How the value of an alert is written in an annotation. */
export type ValueFormat = "percentage" | "duration" | "bytes" | "number";

type Part =
  | string
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "value"; readonly format: ValueFormat };

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

interface ValueReference {
  readonly kind: "value";
  readonly format: ValueFormat;
}

/** The value that a label of the alert has. */
export function label<const Label extends string>(name: Label): LabelReference<Label> {
  return { kind: "label", name };
}

/** The value of the alert's expression. */
export function value(format: ValueFormat): ValueReference {
  return { kind: "value", format };
}

/** Text with labels and values: ``text`${label("mcp_server")} fails ${value("percentage")} of its calls.` ``. */
export function text<const Label extends string = never>(
  strings: TemplateStringsArray,
  ...references: readonly (LabelReference<Label> | ValueReference | string | number)[]
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

/** Functions of Prometheus templates for each format. */
const FORMATS: Readonly<Record<ValueFormat, (value: string) => string>> = {
  percentage: (value) => `{{ ${value} | humanizePercentage }}`,
  duration: (value) => `{{ ${value} | humanizeDuration }}`,
  bytes: (value) => `{{ ${value} | humanize1024 }}B`,
  number: (value) => `{{ ${value} | printf "%.4g" }}`,
};

/** A template in the language of Prometheus, in which the value of the alert may have another name elsewhere. */
export function printTemplate({ parts }: Template, valueName = "$value"): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      return part.kind === "label" ? `{{ $labels.${part.name} }}` : FORMATS[part.format](valueName);
    })
    .join("");
}
