import type { Tone } from "../../dashboards/model.ts";

/**
 * Colours of lines and areas. Any two can be told apart, by readers with protanopia, deuteranopia or tritanopia too, and
 * all of them on Grafana's dark and light backgrounds; the test beside this file computes it.
 */
export const PALETTE = {
  green: "#44c77b",
  red: "#f0453f",
  orange: "#f99600",
  yellow: "#e0d81c",
  sky: "#94cfff",
  blue: "#2b6ad5",
  purple: "#c774f2",
  pink: "#f1adc2",
  grey: "#8f8e8f",
  brown: "#8c4b18",
} as const;

/** The name of a colour of the palette. */
export type PaletteColour = keyof typeof PALETTE;

/** Lines that tell something good or bad as a whole. */
export const LINE_OF_TONE: Readonly<Record<Tone, PaletteColour>> = {
  good: "green",
  soon: "yellow",
  attention: "orange",
  bad: "red",
  neutral: "blue",
};
