import { alertmanagerOwn, prometheusOwn } from "../../src/promql/external.ts";
import { defaultOptions } from "../../src/settings/options.ts";
import type { MinuteSeries } from "./backfilled.ts";
import type { FleetModel } from "./fleets.ts";
import { partOf, worldOf } from "./world.ts";

const { prometheus, alertmanager } = defaultOptions.watchers;
const ALERTMANAGER = { job: alertmanager.jobName, instance: "alertmanager:9093" };
const PROMETHEUS = { job: prometheus.jobName, instance: "localhost:9090" };
const RULES = "/etc/prometheus/alerts.yaml;mcp-hangar-critical";
/** Whose chances these are: no fleet has as many gateways. */
const PLACE = 100;

/**
 * Prometheus and Alertmanager of a fleet, of which nothing is wrong: a receiver refuses one notification and takes the next, Alertmanager is
 * replaced and is away for up to four heartbeats, a rule fails for an evaluation or two, and files of the monitoring are written
 * in two steps, of which the first is refused.
 */
export function watchersOf(fleet: FleetModel, minutes: number): readonly MinuteSeries[] {
  // They go on while gateways are replaced.
  const world = worldOf({ ...fleet, deploymentsAWeek: 0 }, PLACE, minutes);
  const { by, each, rare, spells, gauge, counter } = partOf(world, 0);
  const refused = rare(0.2);
  const replaced = spells(0.1, 4);
  const unclear = rare(0.2);
  const [halfWritten, halfRouted] = [spells(0.1, 4), spells(0.05, 4)];
  const notTaken = each((minute) => (replaced.has(minute) ? 1 : 0));
  return [
    ...["pagerduty", "slack", "webhook"].map((integration) =>
      counter(
        alertmanagerOwn.notificationsFailed,
        { ...ALERTMANAGER, integration, reason: "clientError" },
        // By chance one of them.
        each((minute) => (refused.has(minute) && minute % 3 === integration.length % 3 ? 1 : 0)),
      ),
    ),
    counter(
      prometheusOwn.notTaken,
      { ...PROMETHEUS, alertmanager: "http://alertmanager:9093/api/v2/alerts" },
      notTaken,
    ),
    counter(prometheusOwn.notTakenByAny, PROMETHEUS, notTaken),
    counter(
      prometheusOwn.ruleFailures,
      { ...PROMETHEUS, rule_group: RULES },
      each((minute) => (unclear.has(minute) ? 1 + (by.happens(0.5) ? 1 : 0) : 0)),
    ),
    gauge(
      prometheusOwn.configLoaded,
      PROMETHEUS,
      each((minute) => (halfWritten.has(minute) ? 0 : 1)),
    ),
    gauge(
      alertmanagerOwn.configLoaded,
      ALERTMANAGER,
      each((minute) => (halfRouted.has(minute) ? 0 : 1)),
    ),
  ];
}
