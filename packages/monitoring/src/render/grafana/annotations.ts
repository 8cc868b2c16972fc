import type { AnnotationQuery } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Annotation } from "../../dashboards/model.ts";
import { printPromql } from "../../promql/print.ts";
import { chosenPrometheus } from "./data-source.ts";
import { COLOURS } from "./tones.ts";

/** Marks on the time axis; the reader can switch each off. Written whole, because the SDK would place them in a menu. */
export function annotationsOf(annotations: readonly Annotation[]): AnnotationQuery[] {
  return annotations.map(({ name, expr, title, tags, tone, valueIsTime = false }) => ({
    name,
    datasource: chosenPrometheus,
    enable: true,
    hide: false,
    iconColor: COLOURS[tone],
    expr: printPromql(expr),
    titleFormat: title,
    textFormat: tags.map((label) => `{{${label}}}`).join(" "),
    tagKeys: tags.join(","),
    step: "60s",
    useValueForTime: valueIsTime,
  }));
}
