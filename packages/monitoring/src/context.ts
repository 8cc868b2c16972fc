import { type Scope, scope } from "./promql/select.ts";
import type { MonitoringOptions } from "./settings/options.ts";

/** What a topic builds its rules from. */
export interface Context {
  readonly options: MonitoringOptions;
  /** Selects series of the job that is monitored; every rule uses it, so that two installations do not mix. */
  readonly rules: Scope;
  /** Select what Prometheus and Alertmanager tell of themselves, under jobs of their own. */
  readonly watchers: { readonly prometheus: Scope; readonly alertmanager: Scope };
}

/** The context for these options. */
export function contextOf(options: MonitoringOptions): Context {
  const { prometheus, alertmanager } = options.watchers;
  return {
    options,
    rules: scope({ job: options.jobName }),
    watchers: {
      prometheus: scope({ job: prometheus.jobName }),
      alertmanager: scope({ job: alertmanager.jobName }),
    },
  };
}
