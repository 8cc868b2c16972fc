import { inputSeries } from "../../src/render/promtool.ts";
import { type Incident, STEP } from "../incidents/incident.ts";
import { playRules } from "../play.ts";
import { neededRules, type RuleFile } from "./needed-rules.ts";

/** When an alert of a severity has fired first, in seconds since the film began. */
export interface Detected {
  readonly name: string;
  readonly severity: string;
  readonly seconds: number;
}

/** Plays incidents with rules, all that there are, and says what fired when. The order is that of the incidents. */
export async function detect(
  { alerts, records }: { readonly alerts: RuleFile; readonly records: RuleFile },
  incidents: readonly Incident[],
): Promise<readonly (readonly Detected[])[]> {
  const rules = { "alerts.yaml": alerts, "recording-rules.yaml": neededRules(alerts, records) };
  const test = ({ what, minutes, series }: Incident): object => ({
    rule_files: Object.keys(rules).map((file) => `../${file}`),
    evaluation_interval: STEP,
    group_eval_order: Object.values(rules)
      .toReversed()
      .flatMap(({ groups }) => groups.map(({ name }) => name)),
    tests: [
      {
        name: what,
        interval: STEP,
        input_series: inputSeries(series),
        promql_expr_test: [
          {
            expr: `min by (alertname, severity) (min_over_time(timestamp(ALERTS{alertstate="firing", severity=~"critical|warning"})[${minutes}m:${STEP}]))`,
            eval_time: `${minutes}m`,
            exp_samples: [],
          },
        ],
      },
    ],
  });
  const { verdicts } = await playRules(incidents.map((incident) => [{ rules, test: test(incident) }]));
  return verdicts.map((verdict) => saidIn(verdict));
}

/** promtool says `got: {alertname="…", severity="…"} 7.5E+02, …` when a query gives something that is not expected. */
function saidIn(verdict: string): readonly Detected[] {
  const found = [...verdict.matchAll(/\{([^{}]*alertname=[^{}]*)\} ([\d.E+]+)/g)].map(([, labels = "", seconds]) => {
    const [name = "", severity = ""] = ["alertname", "severity"].map(
      (label) => new RegExp(`\\b${label}="([^"]*)"`).exec(labels)?.[1],
    );
    return { name, severity, seconds: Number(seconds) };
  });
  if (found.length === 0 && verdict !== "") throw new Error(`promtool says something else: ${verdict.slice(0, 2_000)}`);
  return found.toSorted((one, other) => one.seconds - other.seconds);
}
