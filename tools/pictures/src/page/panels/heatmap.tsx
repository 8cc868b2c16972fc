import { getValueFormat } from "@grafana/data";
import type { ReactElement } from "react";
import type { PanelProps } from "./draw-panel.tsx";
import { TimeAxis, timeScale } from "./time-scale.tsx";

const AXIS = 22;
const LEFT = 70;

/** A heatmap of the buckets of a histogram, drawn here because Grafana publishes no component for it. */
export function Heatmap({ panel, frames, range, theme, width, height }: PanelProps): ReactElement {
  const buckets = frames
    .map(({ fields }) => ({ le: Number(fields[1]?.labels?.le?.replace("+Inf", "Infinity")), fields }))
    .sort((a, b) => a.le - b.le);
  const times = (buckets[0]?.fields[0]?.values ?? []) as number[];
  const cumulative = buckets.map(({ fields }) => (fields[1]?.values ?? []) as (number | null)[]);
  const counts = cumulative.map((row, index) =>
    row.map((value, column) => Math.max(0, (value ?? 0) - (cumulative[index - 1]?.[column] ?? 0))),
  );
  const most = Math.max(1e-9, ...counts.flat());
  const x = timeScale(range, LEFT, width - 8);
  const rowHeight = (height - AXIS) / buckets.length;
  const step = (width - 8 - LEFT) / Math.max(1, times.length);
  const format = getValueFormat("s");
  return (
    <svg width={width} height={height} fontSize={11} role="img" aria-label={panel.title}>
      {buckets.map(({ le }, row) => {
        const y = height - AXIS - (row + 1) * rowHeight;
        const { text, suffix = "" } = Number.isFinite(le) ? format(le) : { text: "more" };
        return (
          <g key={le}>
            <text x={LEFT - 8} y={y + rowHeight / 2 + 4} textAnchor="end" fill={theme.colors.text.secondary}>
              {text}
              {suffix}
            </text>
            {times.map((time, column) => {
              const count = counts[row]?.[column] ?? 0;
              if (count === 0) return null;
              const fill = `hsl(${45 - (20 * count) / most} 95% ${25 + (45 * count) / most}%)`;
              return <rect key={time} x={x(time)} y={y + 0.5} width={step} height={rowHeight - 1} fill={fill} />;
            })}
          </g>
        );
      })}
      <TimeAxis range={range} x={x} y={height - 4} theme={theme} />
    </svg>
  );
}
