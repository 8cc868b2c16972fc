import { grafanaDashboard } from "../../render/grafana/dashboard.ts";
import type { Stack } from "../../stack.ts";
import type { Check, Finding } from "../check.ts";

/** What checks read of the JSON of a dashboard; anything may be missing, for that is what they look for. */
export interface RenderedDashboard {
  readonly uid?: string;
  readonly title?: string;
  readonly editable?: boolean;
  readonly timezone?: string;
  readonly refresh?: string;
  readonly schemaVersion?: number;
  readonly time?: { readonly from: string; readonly to: string };
  readonly templating?: { readonly list?: readonly RenderedVariable[] };
  readonly annotations?: { readonly list?: readonly RenderedAnnotation[] };
  readonly links?: readonly RenderedLink[];
  readonly panels?: readonly RenderedPanel[];
}

export interface RenderedVariable {
  readonly type?: string;
  readonly name?: string;
  readonly label?: string;
  readonly query?: string | { readonly query?: string };
  readonly datasource?: RenderedDataSource;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
}

export interface RenderedDataSource {
  readonly type?: string;
  readonly uid?: string;
}

export interface RenderedAnnotation {
  readonly name?: string;
  readonly datasource?: RenderedDataSource;
  readonly expr?: string;
  readonly placement?: string;
}

export interface RenderedLink {
  readonly title?: string;
  readonly url?: string;
  readonly placement?: string;
}

export interface RenderedTarget {
  readonly refId?: string;
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly datasource?: RenderedDataSource;
}

export interface RenderedPanel {
  readonly id?: number;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: RenderedDataSource;
  readonly gridPos?: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly RenderedTarget[];
  /** Of a heading: what is folded under it. */
  readonly collapsed?: boolean;
  readonly panels?: readonly RenderedPanel[];
  /** In its corner. */
  readonly links?: readonly RenderedLink[];
  readonly options?: { readonly reduceOptions?: { readonly calcs?: readonly string[] } };
  readonly fieldConfig?: {
    readonly defaults?: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly links?: readonly RenderedLink[];
      readonly thresholds?: { readonly steps?: readonly { readonly value: number | null; readonly color: string }[] };
    };
    readonly overrides?: readonly {
      readonly properties?: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

/** A finding about one dashboard; which one is added by {@link onDashboards}. */
export interface DashboardFinding extends Omit<Finding, "subject"> {
  /** `panel Latency (203)`, `variable job`; nothing for the dashboard itself. */
  readonly where?: string;
}

/** What is around a dashboard. */
export interface Surroundings {
  readonly stack: Stack;
  /** All dashboards of the stack, this one among them. */
  readonly dashboards: readonly RenderedDashboard[];
}

/** A rule that every dashboard keeps, as Grafana will read it. */
export interface DashboardCheck {
  readonly name: string;
  readonly run: (dashboard: RenderedDashboard, around: Surroundings) => readonly DashboardFinding[];
}

/** Runs a rule on every dashboard of a stack. */
export function onDashboards({ name, run }: DashboardCheck): Check {
  return {
    name,
    run(stack) {
      const dashboards = renderedDashboards(stack);
      return dashboards.flatMap((dashboard) =>
        run(dashboard, { stack, dashboards }).map(({ where, ...finding }) => ({
          ...finding,
          subject: `${where === undefined ? "" : `${where} of `}dashboard ${dashboard.uid ?? dashboard.title ?? "without uid"}`,
        })),
      );
    },
  };
}

/** Headings and panels, those too that are folded under a heading. */
export function allPanels({ panels = [] }: RenderedDashboard): readonly RenderedPanel[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

/** The panels that show something; headings are not among them. */
export function contentPanels(dashboard: RenderedDashboard): readonly RenderedPanel[] {
  return allPanels(dashboard).filter(({ type }) => type !== "row");
}

/** A panel as findings name it. */
export function panelName({ title, id }: RenderedPanel): string {
  return `panel ${title || "without title"} (${id ?? "without id"})`;
}

/** Every query of the panels, with the panel. */
export function targetsOf(
  dashboard: RenderedDashboard,
): readonly { readonly panel: RenderedPanel; readonly target: RenderedTarget; readonly where: string }[] {
  return contentPanels(dashboard).flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      panel,
      target,
      where: `query ${target.refId ?? "without refId"} of ${panelName(panel)}`,
    })),
  );
}

/** The text of the query of a variable. */
export function variableQuery({ query }: RenderedVariable): string {
  return typeof query === "string" ? query : (query?.query ?? "");
}

const rendered = new WeakMap<Stack, readonly RenderedDashboard[]>();

/** The dashboards as Grafana will read them; rendered once a stack, for every check reads them. */
function renderedDashboards(stack: Stack): readonly RenderedDashboard[] {
  const known = rendered.get(stack);
  if (known !== undefined) return known;
  const dashboards = stack.dashboards.map((dashboard): RenderedDashboard => {
    // Through JSON, so that what Grafana would not get is not seen here either. The renderer wrote these fields.
    return JSON.parse(JSON.stringify(grafanaDashboard(dashboard, stack))) as RenderedDashboard;
  });
  rendered.set(stack, dashboards);
  return dashboards;
}
