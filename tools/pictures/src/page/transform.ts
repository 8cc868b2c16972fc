import { type DataFrame, standardTransformers, standardTransformersRegistry, transformDataFrame } from "@grafana/data";
import { firstValueFrom } from "rxjs";
import type { Panel } from "../dashboard.ts";

const KNOWN = [
  standardTransformers.mergeTransformer,
  standardTransformers.organizeFieldsTransformer,
  standardTransformers.orderFieldsTransformer,
  standardTransformers.renameFieldsTransformer,
  standardTransformers.filterFieldsByNameTransformer,
  standardTransformers.filterFieldsTransformer,
  standardTransformers.sortByTransformer,
  standardTransformers.noopTransformer,
];

standardTransformersRegistry.setInit(() =>
  KNOWN.map((info) => ({
    id: info.id,
    name: info.name,
    transformation: () => Promise.resolve(info),
    editor: () => null,
    imageDark: "",
    imageLight: "",
  })),
);

/** Runs the transformations of a panel. */
export function transform(frames: DataFrame[], panel: Panel): Promise<DataFrame[]> {
  const { transformations = [] } = panel;
  return firstValueFrom(transformDataFrame([...transformations], frames));
}
