import {
  type FieldConfigSource,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type ReduceDataOptions,
  type VizOrientation,
} from "@grafana/data";
import {
  BigValue,
  type BigValueColorMode,
  type BigValueGraphMode,
  type BigValueJustifyMode,
  type BigValueTextMode,
  VizRepeater,
} from "@grafana/ui";
import type { ReactElement } from "react";
import type { PanelProps } from "./draw-panel.tsx";

/** What a file says about a panel of this type. */
interface StatOptions {
  readonly reduceOptions: ReduceDataOptions;
  readonly orientation: VizOrientation;
  readonly colorMode: BigValueColorMode;
  readonly graphMode: BigValueGraphMode;
  readonly justifyMode: BigValueJustifyMode;
  readonly textMode: BigValueTextMode;
}

/** A panel of big numbers, with Grafana's own component for one of them. */
export function Stat({ panel, frames, theme, width, height }: PanelProps): ReactElement {
  const options = panel.options as unknown as StatOptions;
  const getValues = (): FieldDisplay[] =>
    getFieldDisplayValues({
      data: frames,
      reduceOptions: options.reduceOptions,
      fieldConfig: panel.fieldConfig as unknown as FieldConfigSource,
      replaceVariables: (text) => text,
      sparkline: options.graphMode !== "none",
      theme,
      timeZone: "utc",
    });
  return (
    <VizRepeater
      getValues={getValues}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      renderCounter={0}
      width={width}
      height={height}
      itemSpacing={3}
      autoGrid
      orientation={options.orientation}
      renderValue={({ value, alignmentFactors, count, ...size }) => (
        <BigValue
          {...size}
          value={value.display}
          {...(value.sparkline === undefined ? {} : { sparkline: value.sparkline })}
          count={count}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          alignmentFactors={alignmentFactors}
          theme={theme}
        />
      )}
    />
  );
}
