import { FieldColorBuilder, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Panel, Query } from "../../dashboards/model.ts";
import { nodesOf } from "../../promql/node.ts";
import { colourOf } from "./known-colours.ts";
import { LINE_OF_TONE, PALETTE, type PaletteColour } from "./palette.ts";
import { type Override, override, property } from "./table.ts";

/** For lines that have names of their own and no meaning that is known: the first the most striking. */
const IN_ORDER: readonly PaletteColour[] = ["red", "orange", "purple", "sky", "green", "yellow", "grey", "pink"];

/**
 * How lines get their colours where nothing fixes them: all in shades of one colour where they tell the same, otherwise by
 * their names, so that a server looks the same on every panel whatever other series there are.
 */
export function colourScheme({ lines, queries }: Panel): FieldColorBuilder {
  const isNamed = queries.length > 1 || queries.some(({ legend }) => legend.includes("{{"));
  const tone = lines ?? (isNamed ? undefined : "neutral");
  if (tone === undefined) return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName);
  return new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(PALETTE[LINE_OF_TONE[tone]]);
}

/** Fixed colours for the names that a panel can have: values of closed enumerations, quantiles, names without labels. */
export function seriesColours({ queries, lines }: Panel): readonly Override[] {
  if (lines !== undefined) return [];
  const names = [...new Set(queries.flatMap(namesOf))];
  const own = names.filter((name) => colourOf(name) === undefined);
  return names.flatMap((name) => {
    const inOrder = own.length > 1 ? IN_ORDER[own.indexOf(name) % IN_ORDER.length] : undefined;
    const colour = colourOf(name) ?? inOrder;
    if (colour === undefined) return [];
    return [override(name, [property("color", { mode: FieldColorModeId.Fixed, fixedColor: PALETTE[colour] })])];
  });
}

/**
 * Series that are zero all the time do not fill the legend with names of what never happened. They are a thin grey line, so
 * that nobody takes zero for nothing measured; in a stack it lies on top of the areas, where a colour would mislead.
 */
export function quietSeries({ queries }: Panel): readonly Override[] {
  if (!queries.some(({ legend }) => legend.includes("{{"))) return [];
  return [
    {
      matcher: { id: "byValue", options: { reducer: "allIsZero", op: "gte", value: 0 } },
      properties: [
        property("custom.hideFrom", { legend: true, tooltip: true, viz: false }),
        property("custom.lineWidth", 1),
        property("color", { mode: FieldColorModeId.Fixed, fixedColor: PALETTE.grey }),
      ],
    },
  ];
}

/** What the series of a query can be called; nothing where that depends on names that only the installation knows. */
function namesOf({ legend, expr }: Query): readonly string[] {
  const specs = new Map(
    [...nodesOf(expr.node)].flatMap((node) => (node.kind === "selector" ? Object.entries(node.metric.labels) : [])),
  );
  let names: readonly string[] = [legend];
  for (const [placeholder, label = ""] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
    const spec = specs.get(label);
    if (spec?.kind !== "closed") return [];
    names = names.flatMap((name) => spec.values.map((value) => name.replace(placeholder, value)));
  }
  return names;
}
