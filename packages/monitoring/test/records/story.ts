import type { Duration } from "../../src/promql/duration.ts";
import { braces, type InputSeries } from "../../src/render/promtool.ts";

/** What a recording rule makes of some series. */
export interface RecordStory {
  readonly record: string;
  /** Labels that the rule sets, which tell rules of one name apart. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly title: string;
  /** Time between two values, and between two evaluations. */
  readonly interval: Duration;
  readonly input: readonly InputSeries[];
  readonly at: Duration;
  readonly gives: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** The installation that the rules are made for. */
export const job = { job: "mcp-hangar" };
/** Another installation, which must not be mixed in. */
export const other = { job: "another-job" };

/** A series with these labels, and its values in promtool's notation. */
export function given(name: string, labels: Readonly<Record<string, string>>, values: string): InputSeries {
  return { series: `${name}${braces(labels)}`, values };
}
