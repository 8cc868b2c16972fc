import type { Fleet, ServerId } from "./fleet.ts";
import type { MonitoringStack } from "./monitoring-stack.ts";
import type { Labels } from "./prometheus-process.ts";

/** An alert that a fault must cause: its name without the prefix, the labels that tell it from others. */
export interface ExpectedAlert {
  readonly alert: string;
  readonly labels: Labels;
  /** A graver alert tells the same, so Alertmanager must hold this one back. */
  readonly inhibited?: true;
}

/** Something that goes wrong with the fleet, or with another world of a test, and what must be told about it. */
export interface Fault<World = Fleet> {
  readonly name: string;
  readonly alerts: readonly ExpectedAlert[];
  /** PromQL that has an answer only if it really happened. */
  readonly evidence?: string;
  /** Goes on until the queries of dashboards and runbooks were asked: some of them read what only this fault causes. */
  readonly isAskedAbout?: true;
  /** Alerts that may fire beside these: whether they do depends on how quick the machine is, or on what was before. */
  readonly possible?: readonly string[];
  /** What Prometheus and Alertmanager complain of because of it, and must. */
  readonly complaints?: readonly RegExp[];
  /** Makes it go wrong; disposing of the result repairs it. */
  readonly begin: (world: World, monitoring: readonly MonitoringStack[]) => Promise<AsyncDisposable>;
}

/** The labels that all series of the fleet have. */
export const job = { job: "mcp-hangar" };

/** The labels of series and alerts about one server of the fleet. */
export const at = (mcp_server: ServerId): Labels => ({ ...job, mcp_server });
