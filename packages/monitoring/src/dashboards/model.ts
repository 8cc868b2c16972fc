import type { AlertRule } from "../model.ts";
import type { DashboardUid, Unit } from "../names.ts";
import type { Expression } from "../promql/vector.ts";

/** How a panel shows its queries. */
export type Visualisation = "timeseries" | "stat" | "table" | "heatmap" | "state-timeline" | "logs";

/** What a value tells its reader; drawn as a colour. */
export type Tone = "good" | "soon" | "attention" | "bad" | "neutral";

/** From this value on, what is shown has this tone; drawn as a line or as the colour of a number. */
export interface Threshold {
  readonly value: number;
  readonly tone: Tone;
}

/** What a number stands for, such as a state or a flag. */
export interface ValueMeaning {
  readonly value: number;
  readonly text: string;
  readonly tone: Tone;
}

/** How the values of one column of a table are shown. */
export interface Column {
  readonly title: string;
  readonly unit: Unit;
  readonly thresholds?: readonly Threshold[];
  readonly meanings?: readonly ValueMeaning[];
}

/** A query of a panel. */
export interface Query {
  readonly expr: Expression;
  /** Grafana's notation, with labels that the expression has: `{{mcp_server}}`. */
  readonly legend: string;
  /** Asks for the last value only. */
  readonly instant?: boolean;
  /** Shows traces that belong to the observations. */
  readonly exemplars?: boolean;
  /** Thresholds of this series alone, where the others of the panel have other ones. */
  readonly thresholds?: readonly Threshold[];
  /** Of a table; without one, the query only gives labels and its value is hidden. */
  readonly column?: Column;
}

/** A query of a panel for Loki. */
export interface LogQuery {
  readonly logql: string;
  /** Of series that are counted from lines; labels as in {@link Query}. */
  readonly legend: string;
}

/** A click on a series leads to another dashboard; the variables there are filled from labels of the series. */
export interface DrillDown {
  /** With labels of the series, such as `{{mcp_server}}`. */
  readonly title: string;
  readonly uid: DashboardUid;
  readonly variables: Readonly<Record<string, string>>;
}

/** A click on a number leads to what causes it: a panel of a dashboard, with what the reader chose carried over. */
export interface Lead {
  readonly title: string;
  readonly uid: DashboardUid;
  /** The key of a panel there, which is opened alone; without one the dashboard is opened. */
  readonly panel?: string;
}

/** A click on a row of a table leads to the page about an alert. */
export interface RunbookLink {
  readonly title: string;
  /** The column with the name of the alert. */
  readonly alertLabel: string;
}

/** Where a panel is, on a grid of 24 columns. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A panel of a dashboard. */
export interface Panel {
  /** Unique in its dashboard; alerts link to it. */
  readonly key: string;
  /** Unique in its dashboard and never reused, because links contain it. */
  readonly id: number;
  readonly title: string;
  /** What to see in it, for somebody who has five seconds. */
  readonly description: string;
  readonly visualisation: Visualisation;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Instead of the others, for Loki. */
  readonly logQueries: readonly LogQuery[];
  /** Alerts whose thresholds are drawn. */
  readonly alerts: readonly AlertRule[];
  /** Ascending; those of the alerts among them. */
  readonly thresholds: readonly Threshold[];
  /** The tone below the first threshold. */
  readonly base: Tone;
  readonly meanings: readonly ValueMeaning[];
  readonly stacked: boolean;
  /** What all its lines tell, such as how much fails; `undefined` where they are told apart by their names. */
  readonly lines: Tone | undefined;
  /** Shows the axis up to the highest threshold even while values are far below. */
  readonly keepsThresholdsInView: boolean;
  readonly decimals: number | undefined;
  /** Why there is nothing to show, where there is nothing: it can be a good sign. */
  readonly whenEmpty: string;
  readonly drillDown: DrillDown | undefined;
  readonly leadsTo: Lead | undefined;
  /** Its series are of servers, and a click leads to the history of theirs, too. */
  readonly leadsToHistory: boolean;
  readonly runbook: RunbookLink | undefined;
  /** The title of the column by which a table is sorted, its greatest value first. */
  readonly worstFirst: string | undefined;
  readonly place: Place;
  /** The id of the heading that it stands under. */
  readonly section: number;
}

/** A heading over panels. */
export interface Section {
  readonly id: number;
  readonly title: string;
  readonly y: number;
  /** Its panels are shown, and ask anything, only once the reader opens it. */
  readonly folded: boolean;
}

/** A choice that the reader makes, filled from the values of a label. */
export interface DashboardVariable {
  readonly name: string;
  readonly title: string;
  readonly label: string;
  /** The series whose label values are offered. */
  readonly from: Expression;
}

/** Marks on every time axis of a dashboard. */
export interface Annotation {
  readonly name: string;
  readonly expr: Expression;
  /** Grafana's notation, with labels that the expression has. */
  readonly title: string;
  readonly tags: readonly string[];
  readonly tone: Tone;
  /** The value is the time of the event, in milliseconds since the epoch. */
  readonly valueIsTime?: boolean;
}

/** Another place, in the head of a dashboard. */
export interface DashboardHeadLink {
  readonly title: string;
  readonly tooltip: string;
  readonly to:
    | { readonly uid: DashboardUid }
    | { readonly alertmanagerPage: "silences" | "groups" }
    /** An address outside of Grafana; `${__from}` and `${__to}` are the time that is shown, in milliseconds. */
    | { readonly url: string };
}

/** A dashboard of Grafana. */
export interface Dashboard {
  readonly uid: DashboardUid;
  readonly title: string;
  readonly description: string;
  /** Data source types that the reader chooses one of each. */
  readonly dataSources: readonly DataSourceType[];
  /** The range that it opens with, such as `now-3h`. */
  readonly from: string;
  readonly variables: readonly DashboardVariable[];
  readonly annotations: readonly Annotation[];
  readonly links: readonly DashboardHeadLink[];
  readonly sections: readonly Section[];
  readonly panels: readonly Panel[];
}

/** Kinds of data sources that dashboards ask the reader for. */
export type DataSourceType = "prometheus" | "alertmanager" | "loki";
