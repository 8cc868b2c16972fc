import { dateTimeFormat, type GrafanaTheme2, type TimeRange } from "@grafana/data";
import type { ReactElement } from "react";

/** Where a moment is drawn, between two edges in pixels. */
export function timeScale(range: TimeRange, left: number, right: number): (timeMs: number) => number {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  return (timeMs) => left + ((timeMs - from) / (to - from)) * (right - left);
}

/** Room for one label, in pixels. */
const LABEL = 70;
/** Half of what a label takes of it: one at the edge would be cut. */
const HALF_TEXT = 18;

/** Labels of whole minutes along the bottom of a chart. */
export function TimeAxis({ range, x, y, theme }: AxisProps): ReactElement {
  const minute = x(60_000) - x(0);
  const step = Math.ceil(LABEL / minute) * 60_000;
  const first = Math.ceil(range.from.valueOf() / step) * step;
  const count = Math.max(0, Math.floor((range.to.valueOf() - first) / step) + 1);
  const times = Array.from({ length: count }, (_none, index) => first + index * step).filter(
    (time) => x(time) <= x(range.to.valueOf()) - HALF_TEXT,
  );
  return (
    <g fill={theme.colors.text.secondary} fontSize={12} textAnchor="middle">
      {times.map((time) => (
        <text key={time} x={x(time)} y={y}>
          {dateTimeFormat(time, { format: "HH:mm", timeZone: "utc" })}
        </text>
      ))}
    </g>
  );
}

interface AxisProps {
  readonly range: TimeRange;
  readonly x: (timeMs: number) => number;
  readonly y: number;
  readonly theme: GrafanaTheme2;
}
