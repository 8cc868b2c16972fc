import { geometricMean, relativeError } from "./statistics.ts";

/** A limit that the project has set itself for a figure. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One number of the report. */
export interface Figure {
  /** Stable name for machines, for instance `throughput.16.ratio_sdk`. */
  readonly id: string;
  /** What it is, for people. */
  readonly label: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
}

/** The mean of ratios, with the standard error in its label: not a number where there are fewer than two. */
export function ratioFigure(id: string, label: string, ratios: readonly number[]): Figure {
  const error = `± ${(relativeError(ratios) * 100).toFixed(1)} %`;
  return { id, label: `${label} (${error})`, value: geometricMean(ratios), unit: "×" };
}

/** Rows of text beside each other. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a scenario found. */
export interface Findings {
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
}

/** All figures of what several scenarios found. */
export function figuresOf(found: readonly Findings[]): readonly Figure[] {
  return found.flatMap(({ figures }) => figures);
}

/** Whether a figure keeps its target; a figure that is not a number never does. */
export function meets(value: number, target: Target): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

/** `PASS`, or by how much the figure falls short, in per cent of the target. */
export function verdict(figure: Figure): string {
  const { target, value } = figure;
  if (target === undefined) return "";
  if (meets(value, target)) return "PASS";
  const limit = "atLeast" in target ? target.atLeast : target.atMost;
  const percent = Math.abs((value / limit - 1) * 100);
  return `short by ${percent < 1 ? percent.toPrecision(1) : percent.toFixed(0)} %`;
}
