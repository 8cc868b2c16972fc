import { describe, expect, test } from "vitest";
import { resolveOptions } from "../settings/options.ts";
import { buildStack } from "../stack.ts";
import { GRID_COLUMNS, layOut, type PanelDraft } from "./layout.ts";
import type { Dashboard } from "./model.ts";
import { stat } from "./panels.ts";

describe("a layout", () => {
  test("places rows below each other and panels side by side", () => {
    const { sections, panels } = layOut([
      { id: 1, title: "First", rows: [[draft(2, 6, 4), draft(3, 6, 5)], [draft(4, 12, 2)]] },
      { id: 5, title: "Second", rows: [[draft(6, 24, 1)]] },
    ]);
    expect(sections.map(({ id, y }) => [id, y])).toEqual([
      [1, 0],
      [5, 8],
    ]);
    expect(panels.map(({ id, place }) => [id, place.x, place.y])).toEqual([
      [2, 0, 1],
      [3, 6, 1],
      [4, 0, 6],
      [6, 0, 9],
    ]);
  });

  test("stacks the panels of a list beside a taller one", () => {
    const { panels } = layOut([
      { id: 1, title: "Section", rows: [[[draft(2, 4, 4), draft(3, 4, 4)], draft(4, 20, 8)]] },
    ]);
    expect(panels.map(({ id, place }) => [id, place.x, place.y])).toEqual([
      [2, 0, 1],
      [3, 0, 5],
      [4, 4, 1],
    ]);
  });

  test.each(buildStack(resolveOptions()).dashboards.map((dashboard) => [dashboard.uid, dashboard] as const))(
    "leaves no hole between the panels of %s",
    (_uid, dashboard) => {
      expect(holes(dashboard)).toEqual([]);
    },
  );

  test("leaves no hole where no burn rate has an alert", () => {
    const burn = { ...resolveOptions().burn, windows: [] };
    const slo = buildStack(resolveOptions({ burn })).dashboards.find(({ uid }) => uid === "mcp-hangar-slo");
    expect(slo === undefined ? ["no board"] : holes(slo)).toEqual([]);
  });
});

function draft(id: number, width: number, height: number): PanelDraft {
  const text = { key: `panel-${id}`, title: "Panel", description: "A panel.", unit: "none", queries: [] } as const;
  return stat({ ...text, id, width, height });
}

/** Cells with something to the left and something below in the same section, but nothing in them. */
function holes({ sections, panels }: Dashboard): readonly string[] {
  const taken = new Set(
    panels.flatMap(({ place: { x, y, width, height } }) =>
      Array.from({ length: width * height }, (_, cell) => `${x + (cell % width)} ${y + Math.floor(cell / width)}`),
    ),
  );
  return sections.flatMap(({ title, y: top }, index) => {
    const bottom = sections[index + 1]?.y ?? Math.max(...panels.map(({ place }) => place.y + place.height));
    return Array.from({ length: GRID_COLUMNS }, (_, x) => {
      const column = Array.from({ length: bottom - top - 1 }, (_cell, row) => taken.has(`${x} ${top + 1 + row}`));
      // A row at the end may be shorter than the others.
      const lowest = column.lastIndexOf(true);
      return column.slice(0, lowest + 1).includes(false) ? [`${title}, column ${x}`] : [];
    }).flat();
  });
}
