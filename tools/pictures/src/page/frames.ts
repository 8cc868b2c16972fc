import { type DataFrame, FieldType, type Labels, toDataFrame } from "@grafana/data";
import type { Answer, Series } from "../dashboard.ts";

/** Turns what Prometheus answered into data frames, as Grafana's own data source does. */
export function toFrames(answers: readonly Answer[]): DataFrame[] {
  return answers.flatMap((answer) => {
    if (answer.target.format === "table") return [tableFrame(answer, answers.length > 1)];
    return answer.series.map((series) => seriesFrame(answer, series));
  });
}

function seriesFrame({ target }: Answer, { labels, points }: Series): DataFrame {
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: points.map(([time]) => time) },
      {
        name: "Value",
        type: FieldType.number,
        labels: { ...labels },
        config: { displayNameFromDS: legend(target.legendFormat, labels) },
        values: points.map(([, value]) => value),
      },
    ],
  });
}

function tableFrame({ target, series }: Answer, several: boolean): DataFrame {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: series.map(({ points }) => points.at(-1)?.[0]) },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        values: series.map(({ labels }) => labels[name] ?? ""),
      })),
      {
        name: several ? `Value #${target.refId}` : "Value",
        type: FieldType.number,
        values: series.map(({ points }) => points.at(-1)?.[1] ?? null),
      },
    ],
  });
}

function legend(format: string, labels: Labels): string {
  return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_all, name: string) => labels[name] ?? "");
}
