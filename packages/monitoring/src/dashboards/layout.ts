import type { Panel, Section } from "./model.ts";

/** The width of Grafana's grid. */
export const GRID_COLUMNS = 24;

/** A panel before it has its place. */
export type PanelDraft = Omit<Panel, "place"> & { readonly width: number; readonly height: number };

/** Panels under a heading, row by row. */
export interface SectionDraft {
  /** Unique among the headings and panels of a dashboard, and never reused. */
  readonly id: number;
  readonly title: string;
  readonly rows: readonly (readonly PanelDraft[])[];
}

/** Gives every panel its place: rows one below the other, panels of a row side by side. */
export function layOut(drafts: readonly SectionDraft[]): {
  readonly sections: readonly Section[];
  readonly panels: readonly Panel[];
} {
  const sections: Section[] = [];
  const panels: Panel[] = [];
  let y = 0;
  for (const { id, title, rows } of drafts) {
    sections.push({ id, title, y });
    y += 1;
    for (const row of rows) {
      let x = 0;
      for (const { width, height, ...panel } of row) {
        panels.push({ ...panel, place: { x, y, width, height } });
        x += width;
      }
      y += Math.max(0, ...row.map(({ height }) => height));
    }
  }
  return { sections, panels };
}
