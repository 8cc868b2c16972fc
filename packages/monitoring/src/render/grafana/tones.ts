import {
  MappingType,
  type Threshold as SdkThreshold,
  type ThresholdsConfig,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Threshold, Tone, ValueMeaning } from "../../dashboards/model.ts";

/** Colours by Grafana's names, which follow the theme of the reader. */
export const COLOURS: Readonly<Record<Tone, string>> = {
  good: "green",
  soon: "yellow",
  attention: "orange",
  bad: "red",
  neutral: "blue",
};

/** The steps of a scale; each colour holds from its value on. */
export function thresholdSteps(base: Tone, thresholds: readonly Threshold[]): SdkThreshold[] {
  return [
    { value: null, color: COLOURS[base] },
    ...thresholds.map(({ value, tone }) => ({ value, color: COLOURS[tone] })),
  ];
}

/** A scale by values as they are. */
export function absoluteThresholds(base: Tone, thresholds: readonly Threshold[]): ThresholdsConfig {
  return { mode: ThresholdsMode.Absolute, steps: thresholdSteps(base, thresholds) };
}

/** Words and colours instead of numbers; where cells are coloured, what is neutral has another colour, or none. */
export function valueMappings(meanings: readonly ValueMeaning[], neutral = COLOURS.neutral): ValueMapping[] {
  if (meanings.length === 0) return [];
  const options = Object.fromEntries(
    meanings.map(({ value, text, tone }, index) => [
      String(value),
      { text, color: tone === "neutral" ? neutral : COLOURS[tone], index },
    ]),
  );
  return [{ type: MappingType.ValueToText, options }];
}
