import type { Panel, Section } from "./model.ts";

/** The width of Grafana's grid. */
export const GRID_COLUMNS = 24;

/** A panel before it has its place. */
export type PanelDraft = Omit<Panel, "place" | "section"> & { readonly width: number; readonly height: number };

/** Panels under a heading, row by row. */
export interface SectionDraft {
  /** Unique among the headings and panels of a dashboard, and never reused. */
  readonly id: number;
  readonly title: string;
  /** Shown only once the reader opens it: what is not needed at first sight. */
  readonly folded?: boolean;
  /** From left to right; those in a list stand one above the other. */
  readonly rows: readonly (readonly (PanelDraft | readonly PanelDraft[])[])[];
}

/**
 * Gives every panel its place: rows one below the other, panels of a row side by side. What is folded takes the room of its
 * heading only; Grafana moves what is below when it is opened.
 */
export function layOut(drafts: readonly SectionDraft[]): {
  readonly sections: readonly Section[];
  readonly panels: readonly Panel[];
} {
  const sections: Section[] = [];
  const panels: Panel[] = [];
  let y = 0;
  for (const { id, title, folded = false, rows } of drafts) {
    sections.push({ id, title, y, folded });
    y += 1;
    const afterHeading = y;
    for (const row of rows) {
      let x = 0;
      let rowHeight = 0;
      for (const item of row) {
        const column: readonly PanelDraft[] = "key" in item ? [item] : item;
        let below = 0;
        for (const { width, height, ...panel } of column) {
          panels.push({ ...panel, place: { x, y: y + below, width, height }, section: id });
          below += height;
        }
        x += Math.max(0, ...column.map(({ width }) => width));
        rowHeight = Math.max(rowHeight, below);
      }
      y += rowHeight;
    }
    if (folded) y = afterHeading;
  }
  return { sections, panels };
}
