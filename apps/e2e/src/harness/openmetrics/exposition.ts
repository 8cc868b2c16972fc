import { parseNumber } from "../metrics-page.ts";

/** Label names and values in the order of the line. */
export type Labels = Readonly<Record<string, string>>;

/** A line of an OpenMetrics exposition. */
export type Line =
  | { readonly kind: "eof" }
  | {
      readonly kind: "metadata";
      readonly keyword: "TYPE" | "HELP" | "UNIT";
      readonly family: string;
      readonly text: string;
    }
  | SampleLine;

/** A sample, with its exemplar if it has one. */
export interface SampleLine {
  readonly kind: "sample";
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  readonly timestamp?: number;
  readonly exemplar?: { readonly labels: Labels; readonly value: number; readonly timestamp?: number };
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABELS = String.raw`\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}`;
const METADATA = new RegExp(`^# (TYPE|HELP|UNIT) (${NAME})(?: (.*))?$`);
const SAMPLE = new RegExp(`^(${NAME})(${LABELS})? (\\S+)(?: (\\S+))?$`);
const EXEMPLAR = new RegExp(`^(.*) # (${LABELS}) (\\S+)(?: (\\S+))?$`);
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(,|$)/y;

/** Reads one line by the letter of OpenMetrics 1.0: single spaces, no blank lines, no free comments. Throws otherwise. */
export function parseLine(line: string): Line {
  if (line === "# EOF") return { kind: "eof" };
  if (line.startsWith("#")) return parseMetadata(line);
  const [, head = line, exemplarLabels, exemplarValue, exemplarTime] = EXEMPLAR.exec(line) ?? [];
  const [, name, labels, value, timestamp] = SAMPLE.exec(head) ?? [];
  if (name === undefined || value === undefined) throw new Error("neither metadata nor a sample");
  return {
    kind: "sample",
    name,
    labels: parseLabels(labels),
    value: parseNumber(value),
    ...(timestamp !== undefined && { timestamp: parseNumber(timestamp) }),
    ...(exemplarValue !== undefined && {
      exemplar: {
        labels: parseLabels(exemplarLabels),
        value: parseNumber(exemplarValue),
        ...(exemplarTime !== undefined && { timestamp: parseNumber(exemplarTime) }),
      },
    }),
  };
}

function parseMetadata(line: string): Line {
  const [, keyword, family, text = ""] = METADATA.exec(line) ?? [];
  if (family === undefined) throw new Error("a comment that is neither TYPE, HELP, UNIT nor EOF");
  if (keyword === "HELP") assertEscapes(text);
  // The expression admits these three keywords only.
  return { kind: "metadata", keyword: keyword as "TYPE" | "HELP" | "UNIT", family, text };
}

function parseLabels(text = "{}"): Labels {
  const inside = text.slice(1, -1);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inside.length) {
    const [, name, value, separator] = LABEL.exec(inside) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a label set: ${text}`);
    if (name in labels) throw new Error(`label ${name} twice`);
    if (separator === "," && LABEL.lastIndex === inside.length) throw new Error("a comma after the last label");
    assertEscapes(value);
    labels[name] = value.replace(/\\(.)/g, (_escape, character: string) => (character === "n" ? "\n" : character));
  }
  return labels;
}

function assertEscapes(text: string): void {
  const wrong = /\\(?:[^\\n"]|$)/.exec(text.replaceAll("\\\\", ""));
  if (wrong !== null) throw new Error(`unknown escape ${wrong[0]}`);
}
