import type { AlertRule } from "../model.ts";
import type { Unit } from "../names.ts";
import type { Drawn } from "./alert-lines.ts";
import type { PanelDraft } from "./layout.ts";
import type {
  DrillDown,
  Lead,
  LogQuery,
  Query,
  RunbookLink,
  Threshold,
  Tone,
  ValueMeaning,
  Visualisation,
} from "./model.ts";

/** What every panel says, and what only some need. */
export interface PanelText {
  readonly key: string;
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Instead of the others, for Loki. */
  readonly logQueries?: readonly LogQuery[];
  /** The alerts whose thresholds are drawn. */
  readonly drawn?: Drawn;
  /** Thresholds that belong to no alert. */
  readonly thresholds?: readonly Threshold[];
  readonly base?: Tone;
  readonly meanings?: readonly ValueMeaning[];
  /** Why there is nothing to show, where there is nothing. */
  readonly whenEmpty: string;
  readonly drillDown?: DrillDown;
  readonly leadsTo?: Lead;
  readonly leadsToHistory?: boolean;
  readonly runbook?: RunbookLink;
  readonly worstFirst?: string;
  readonly lines?: Tone | undefined;
  readonly keepsThresholdsInView?: boolean;
  readonly decimals?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Lines over time. */
export function chart(text: PanelText): PanelDraft {
  return draft("timeseries", { width: 8, height: 8, ...text });
}

/** Areas over time that add up to the whole. */
export function stackedChart(text: PanelText): PanelDraft {
  return { ...draft("timeseries", { width: 8, height: 8, ...text }), stacked: true };
}

/**
 * The number of now, with its colour; green below the first threshold. What is gone shows nothing, not its last value.
 * Whoever sees it asks why, so that it has to lead on.
 */
export function stat(text: PanelText & { readonly leadsTo: Lead }): PanelDraft {
  const isJudged = (text.drawn?.thresholds.length ?? 0) + (text.thresholds?.length ?? 0) > 0;
  const queries = text.queries.map((query) => ({ ...query, instant: true }));
  return draft("stat", { width: 3, height: 4, base: isJudged ? "good" : "neutral", ...text, queries });
}

/** One row for each value of a label, the newest values only. */
export function table(text: PanelText): PanelDraft {
  const queries = text.queries.map((query) => ({ ...query, instant: true }));
  return draft("table", { width: 24, height: 9, ...text, queries });
}

/** The states of things side by side over time. */
export function timeline(text: PanelText): PanelDraft {
  return draft("state-timeline", { width: 12, height: 8, ...text });
}

/** How often which duration occurred, over time. */
export function heatmap(text: PanelText): PanelDraft {
  return draft("heatmap", { width: 12, height: 8, ...text });
}

/** Lines of logs, the newest first. */
export function lines(text: PanelText): PanelDraft {
  return draft("logs", { width: 24, height: 12, ...text });
}

function draft(
  visualisation: Visualisation,
  text: PanelText & { readonly width: number; readonly height: number },
): PanelDraft {
  const {
    drawn,
    thresholds = [],
    base = "neutral",
    meanings = [],
    whenEmpty,
    drillDown,
    leadsTo,
    leadsToHistory = false,
    runbook,
    worstFirst,
    lines,
    keepsThresholdsInView = false,
    decimals,
    logQueries = [],
    ...rest
  } = text;
  const alerts: readonly AlertRule[] = drawn?.alerts ?? [];
  const steps = [...(drawn?.thresholds ?? []), ...thresholds].toSorted((a, b) => a.value - b.value);
  return {
    ...rest,
    visualisation,
    logQueries,
    alerts,
    thresholds: steps,
    base,
    meanings,
    stacked: false,
    lines,
    keepsThresholdsInView,
    decimals,
    whenEmpty,
    drillDown,
    leadsTo,
    leadsToHistory,
    runbook,
    worstFirst,
  };
}
