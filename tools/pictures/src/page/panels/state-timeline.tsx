import { type DisplayValue, type Field, getFieldDisplayName } from "@grafana/data";
import type { ReactElement } from "react";
import type { PanelProps } from "./draw-panel.tsx";
import { TimeAxis, timeScale } from "./time-scale.tsx";

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly shown: DisplayValue;
}

const AXIS = 22;
const CHARACTER = 7.2;

/**
 * A row of coloured stretches for each series. Grafana publishes no component for it, so this draws its own, with the
 * texts and colours that Grafana's packages compute.
 */
export function StateTimeline({ panel, frames, range, theme, width, height }: PanelProps): ReactElement {
  const rows = frames.flatMap((frame) => {
    const [times, values] = frame.fields;
    if (times === undefined || values === undefined) return [];
    return [{ name: getFieldDisplayName(values, frame, frames), stretches: stretchesOf(times, values) }];
  });
  const left = Math.min(width / 2, 12 + CHARACTER * Math.max(...rows.map(({ name }) => name.length)));
  const x = timeScale(range, left, width - 8);
  const rowHeight = (height - AXIS) / rows.length;
  const bar = rowHeight * Number(panel.options.rowHeight ?? 0.9);
  return (
    <svg width={width} height={height} fontSize={12} role="img" aria-label={panel.title}>
      {rows.map(({ name, stretches }, index) => {
        const top = index * rowHeight + (rowHeight - bar) / 2;
        return (
          <g key={name} transform={`translate(0 ${top})`}>
            <text x={left - 8} y={bar / 2 + 4} textAnchor="end" fill={theme.colors.text.primary}>
              {name}
            </text>
            {stretches.map(({ fromMs, toMs, shown }) => {
              const wide = Math.max(1, x(toMs) - x(fromMs));
              return (
                <g key={fromMs} transform={`translate(${x(fromMs)} 0)`}>
                  <rect width={wide} height={bar} fill={shown.color ?? "grey"} fillOpacity={0.7} />
                  {wide > shown.text.length * CHARACTER + 8 && (
                    <text x={5} y={bar / 2 + 4} fill={theme.colors.text.maxContrast}>
                      {shown.text}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        );
      })}
      <TimeAxis range={range} x={x} y={height - 4} theme={theme} />
    </svg>
  );
}

/** Runs of the same state; a gap in the series ends a run. */
function stretchesOf(times: Field, values: Field): readonly Stretch[] {
  const step = stepOf(times.values);
  const found: Stretch[] = [];
  for (const [index, time] of (times.values as number[]).entries()) {
    const value = values.values[index] as number | null;
    if (value === null) continue;
    const shown = values.display?.(value) ?? { text: String(value), numeric: value };
    const last = found.at(-1);
    if (last !== undefined && last.shown.text === shown.text && time - last.toMs <= step / 2) {
      found[found.length - 1] = { ...last, toMs: time + step };
    } else {
      found.push({ fromMs: time, toMs: time + step, shown });
    }
  }
  return found;
}

function stepOf(times: readonly number[]): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return steps.length === 0 ? 2_000 : Math.min(...steps);
}
