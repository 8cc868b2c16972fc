import { type Figure, type Findings, figuresOf, type Table, verdict } from "./figure.ts";

/** The findings as text: the tables, then every figure with its target and verdict. */
export function render(sections: readonly Findings[]): string {
  return [...sections.flatMap(({ tables }) => tables), figureTable(figuresOf(sections))]
    .filter((table) => table.rows.length > 0)
    .map(renderTable)
    .join("\n\n");
}

/** A number with as many digits as a reader needs. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(value !== 0 && Math.abs(value) < 1 ? 3 : 2);
}

function figureTable(figures: readonly Figure[]): Table {
  return {
    title: "Figures",
    columns: ["figure", "value", "target", ""],
    rows: figures.map((figure) => [
      figure.label,
      `${short(figure.value)} ${figure.unit}`.trim(),
      targetText(figure),
      verdict(figure),
    ]),
  };
}

/** The target of a figure with its unit; empty when it has none. */
export function targetText({ target, unit }: Figure): string {
  if (target === undefined) return "";
  return ("atLeast" in target ? `≥ ${target.atLeast} ${unit}` : `≤ ${target.atMost} ${unit}`).trim();
}

function renderTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ")}`.trimEnd();
  return [
    title,
    line(columns),
    `  ${"-".repeat(widths.reduce((sum, width) => sum + width + 2, -2))}`,
    ...rows.map(line),
  ].join("\n");
}
