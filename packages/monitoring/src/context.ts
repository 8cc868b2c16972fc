import { type Scope, scope } from "./promql/select.ts";
import type { MonitoringOptions } from "./settings/options.ts";

/** What a topic builds its rules from. */
export interface Context {
  readonly options: MonitoringOptions;
  /** Selects series of the job that is monitored; every rule uses it, so that two installations do not mix. */
  readonly rules: Scope;
}

/** The context for these options. */
export function contextOf(options: MonitoringOptions): Context {
  return { options, rules: scope({ job: options.jobName }) };
}
