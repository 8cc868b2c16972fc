import { dateTimeFormat, type GrafanaTheme2, type TimeRange } from "@grafana/data";
import type { ReactElement } from "react";

/** Where a moment is drawn, between two edges in pixels. */
export function timeScale(range: TimeRange, left: number, right: number): (timeMs: number) => number {
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  return (timeMs) => left + ((timeMs - from) / (to - from)) * (right - left);
}

/** Labels of whole minutes along the bottom of a chart. */
export function TimeAxis({ range, x, y, theme }: AxisProps): ReactElement {
  const first = Math.ceil(range.from.valueOf() / 60_000) * 60_000;
  const minutes = Array.from({ length: 60 }, (_none, index) => first + index * 60_000);
  return (
    <g fill={theme.colors.text.secondary} fontSize={12} textAnchor="middle">
      {minutes
        .filter((time) => time <= range.to.valueOf())
        .map((time) => (
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
