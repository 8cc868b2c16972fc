import type { DataFrame, GrafanaTheme2, TimeRange } from "@grafana/data";
import { Table, TimeSeries } from "@grafana/ui";
import type { ComponentProps, ReactElement } from "react";
import type { Panel } from "../../dashboard.ts";
import { Heatmap } from "./heatmap.tsx";
import { Stat } from "./stat.tsx";
import { StateTimeline } from "./state-timeline.tsx";

type SortBy = NonNullable<ComponentProps<typeof Table>["initialSortBy"]>;

/** What a panel is drawn from. Sizes are in pixels. */
export interface PanelProps {
  readonly panel: Panel;
  readonly frames: DataFrame[];
  readonly range: TimeRange;
  readonly theme: GrafanaTheme2;
  readonly width: number;
  readonly height: number;
}

/** The body of a panel. Throws for a type that is not known here. */
export function drawPanel(props: PanelProps): ReactElement {
  const { panel, frames, range, width, height } = props;
  if (frames.every(({ length }) => length === 0)) return <Nothing {...props} />;
  switch (panel.type) {
    case "timeseries":
      return (
        <TimeSeries
          frames={frames}
          timeRange={range}
          timeZone="utc"
          width={width}
          height={height}
          legend={panel.options.legend as ComponentProps<typeof TimeSeries>["legend"]}
          options={{}}
        />
      );
    case "stat":
      return <Stat {...props} />;
    case "table": {
      const [frame] = frames;
      if (frame === undefined) return <Nothing {...props} />;
      return <Table data={frame} width={width} height={height} initialSortBy={panel.options.sortBy as SortBy} />;
    }
    case "state-timeline":
      return <StateTimeline {...props} />;
    case "heatmap":
      return <Heatmap {...props} />;
    default:
      throw new Error(`panels of the type ${panel.type} are not drawn yet: add one to draw-panel.tsx`);
  }
}

/** What Grafana shows where a query has no answer. */
function Nothing({ panel, theme, width, height }: PanelProps): ReactElement {
  const { noValue } = panel.fieldConfig.defaults;
  const text = typeof noValue === "string" ? noValue : "No data";
  const style = { width, height, display: "flex", alignItems: "center", justifyContent: "center" };
  return <div style={{ ...style, color: theme.colors.text.secondary, fontSize: 16 }}>{text}</div>;
}
