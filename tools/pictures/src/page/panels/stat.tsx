import {
  type FieldConfigSource,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type ReduceDataOptions,
  VizOrientation,
} from "@grafana/data";
import { BigValue, VizRepeater } from "@grafana/ui";
import type { ComponentProps, ReactElement } from "react";
import type { PanelProps } from "./draw-panel.tsx";

type BigValueProps = ComponentProps<typeof BigValue>;

/** A panel of big numbers, with Grafana's own component for one of them. */
export function Stat({ panel, frames, theme, width, height }: PanelProps): ReactElement {
  const options = panel.options as unknown as BigValueProps & {
    readonly reduceOptions: ReduceDataOptions;
    readonly orientation: VizOrientation;
  };
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
      orientation={options.orientation ?? VizOrientation.Auto}
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
