import { describe, expect, test } from "vitest";
import { defaultStack } from "../../test/defaults.ts";
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

  test("gives what is folded the room of its heading only", () => {
    const { sections, panels } = layOut([
      { id: 1, title: "First", folded: true, rows: [[draft(2, 12, 4)], [draft(3, 12, 4)]] },
      { id: 4, title: "Second", rows: [[draft(5, 24, 1)]] },
    ]);
    expect(sections.map(({ id, y, folded }) => [id, y, folded])).toEqual([
      [1, 0, true],
      [4, 1, false],
    ]);
    expect(panels.map(({ id, place, section }) => [id, place.y, section])).toEqual([
      [2, 1, 1],
      [3, 5, 1],
      [5, 2, 4],
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

  test.each(defaultStack.dashboards.map((dashboard) => [dashboard.uid, dashboard] as const))(
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
  const leadsTo = { title: "More", uid: "mcp-hangar-overview", panel: "servers" } as const;
  return stat({ ...text, id, width, height, whenEmpty: "nothing", leadsTo });
}

/** Cells with something to the left and something below in the same section, but nothing in them. */
function holes({ sections, panels }: Dashboard): readonly string[] {
  return sections.flatMap(({ id, title, y: top }) => {
    const own = panels.filter(({ section }) => section === id);
    const taken = new Set(
      own.flatMap(({ place: { x, y, width, height } }) =>
        Array.from({ length: width * height }, (_, cell) => `${x + (cell % width)} ${y + Math.floor(cell / width)}`),
      ),
    );
    const bottom = Math.max(top + 1, ...own.map(({ place }) => place.y + place.height));
    return Array.from({ length: GRID_COLUMNS }, (_, x) => {
      const column = Array.from({ length: bottom - top - 1 }, (_cell, row) => taken.has(`${x} ${top + 1 + row}`));
      // A row at the end may be shorter than the others.
      const lowest = column.lastIndexOf(true);
      return column.slice(0, lowest + 1).includes(false) ? [`${title}, column ${x}`] : [];
    }).flat();
  });
}
