/** The parts of a dashboard file that the pictures need; everything else of it is handed to Grafana's packages as it is. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** One panel of a dashboard. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  /** 24 columns; a row of the grid is 38 pixels with its gap. */
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly options: Readonly<Record<string, unknown>>;
  readonly fieldConfig: {
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly overrides: readonly unknown[];
  };
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
  readonly targets?: readonly Target[];
  /** Of a heading: whether its panels are folded under it, and then the panels. */
  readonly collapsed?: boolean;
  readonly panels?: readonly Panel[];
}

/** One query of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly format: string;
  readonly instant: boolean;
  readonly legendFormat: string;
}

/** What Prometheus answered to a target. */
export interface Answer {
  readonly target: Target;
  readonly series: readonly Series[];
}

/** A series; an instant query has one point. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 and values, oldest first. */
  readonly points: readonly (readonly [timeMs: number, value: number | null])[];
}

/** Everything that a page is drawn from. */
export interface Picture {
  readonly dashboard: Dashboard;
  /** By the id of the panel. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  readonly fromMs: number;
  readonly toMs: number;
  /** What the bar at the top says about variables. */
  readonly chosen: Readonly<Record<string, string>>;
}
