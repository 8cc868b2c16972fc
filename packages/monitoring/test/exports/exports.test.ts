import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { Ajv } from "ajv";
import { loadAll } from "js-yaml";
import { describe, expect, test } from "vitest";
import { EXPORT_NAMES, EXPORTS, type ExportName } from "../../src/exports/index.ts";
import { generateMonitoring } from "../../src/generate.ts";
import { type MonitoringOverrides, resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { defaultFiles, defaultStack } from "../defaults.ts";
import { runCommand } from "../run-command.ts";

/** Parsed YAML, as loosely as it is read here. */
// biome-ignore lint/suspicious/noExplicitAny: a test that reads files finds out whether a field is there.
type Loose = any;

const stack = defaultStack;

function exported(name: ExportName, overrides: MonitoringOverrides = {}): readonly Loose[] {
  const files = Object.values(EXPORTS[name].files(buildStack(resolveOptions(overrides))));
  expect(files.length).toBe(1);
  return loadAll(files[0] ?? "");
}

/** The published schema beside this test; its last part is the one to validate with. */
function validator(file: string, id?: string) {
  const { schemas } = JSON.parse(readFileSync(join(import.meta.dirname, "../schemas", file), "utf8"));
  const ajv = new Ajv({ strict: false, schemas: id === undefined ? [] : schemas });
  const found = id === undefined ? ajv.compile(strictly(schemas[0])) : ajv.getSchema(id);
  if (found === undefined) throw new Error(`${file} has no schema ${id}`);
  return (document: unknown): unknown => (found(document) === true ? [] : found.errors);
}

/** Kubernetes prunes what a schema does not name, in silence; here it is an error. */
function strictly(schema: Loose): Loose {
  if (Array.isArray(schema)) return schema.map(strictly);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strictly(value)]));
  return schema.properties === undefined ? inner : { ...inner, additionalProperties: false };
}

function isPromql(query: string): boolean {
  let sound = query.trim() !== "";
  parser.parse(query).iterate({
    enter: ({ type }) => {
      if (type.isError) sound = false;
    },
  });
  return sound;
}

describe("OpenSLO", () => {
  const validate = validator("openslo-v1.json", "https://openslo.com/schemas/v1/openslo.schema.json");
  const documents = exported("openslo");

  test("keeps the published schema, which refuses what is wrong", () => {
    for (const document of documents)
      expect([document.metadata.name, validate(document)]).toEqual([document.metadata.name, []]);
    const slo = documents.find(({ kind }) => kind === "SLO");
    expect(validate({ ...slo, spec: { ...slo.spec, objectives: [{ target: 99.9 }] } })).not.toEqual([]);
    expect(validate({ ...slo, metadata: { name: "batch_success" } })).not.toEqual([]);
  });

  test("has every objective with its queries", () => {
    const slos = documents.filter(({ kind }) => kind === "SLO");
    expect(slos.map(({ metadata, spec }) => [metadata.name, spec.objectives[0].target])).toEqual(
      stack.slos.map(({ name, objective }) => [name.replaceAll("_", "-"), objective]),
    );
    const queries = slos.flatMap(({ spec }) => {
      const { good, bad, total } = spec.indicator.spec.ratioMetric;
      return [good ?? bad, total].map(({ metricSource }: Loose) => metricSource.spec.query);
    });
    expect(queries.filter((query) => !isPromql(query))).toEqual([]);
    expect(queries.every((query) => query.includes('job="mcp-hangar"'))).toBe(true);
  });
});

describe("Sloth", () => {
  const validate = validator("sloth-v1.json");

  test("keeps the schema of its custom resource, with nothing that it would drop", () => {
    const [document] = exported("sloth");
    expect(validate(withoutMetadata(document))).toEqual([]);
    expect(validate(withoutMetadata({ ...document, spec: { slos: document.spec.slos } }))).not.toEqual([]);
  });

  test("has objectives in per cent, and queries that are PromQL in every window", () => {
    const [document] = exported("sloth", { slos: { errors: { objective: 0.9995 } } });
    const { slos } = document.spec;
    expect(slos.map(({ name, objective }: Loose) => [name, objective])).toEqual([
      ["availability", 99.9],
      ["latency", 95],
      ["errors", 99.95],
      ["batch_success", 95],
    ]);
    const queries = slos.flatMap(({ sli }: Loose) => Object.values(sli.events ?? sli.raw)) as string[];
    expect(queries.length).toBe(7);
    for (const query of queries) {
      expect(query).toContain("{{.window}}");
      expect(query).not.toContain("[5m]");
      for (const window of ["5m", "30d"])
        expect([query, isPromql(query.replaceAll("{{.window}}", window))]).toEqual([query, true]);
    }
  });
});

describe("Pyrra", () => {
  const validate = validator("pyrra-v1alpha1.json");

  test("keeps the schema of its custom resource, with nothing that it would drop", () => {
    for (const document of exported("pyrra")) expect(validate(withoutMetadata(document))).toEqual([]);
    const [first] = exported("pyrra");
    expect(validate(withoutMetadata({ ...first, spec: { ...first.spec, target: 99.9 } }))).not.toEqual([]);
  });

  test("measures the counters that the objectives measure", () => {
    const indicators = exported("pyrra").map(({ spec }) => [spec.target, spec.indicator]);
    expect(indicators).toEqual([
      ["99.9", { bool_gauge: { metric: 'up{job="mcp-hangar"}' } }],
      [
        "95",
        {
          latency: {
            success: { metric: 'mcp_hangar_tool_call_duration_seconds_bucket{job="mcp-hangar", le="3.0"}' },
            total: { metric: 'mcp_hangar_tool_call_duration_seconds_count{job="mcp-hangar"}' },
          },
        },
      ],
      [
        "99",
        {
          ratio: {
            errors: { metric: 'mcp_hangar_tool_call_errors_total{job="mcp-hangar"}' },
            total: { metric: 'mcp_hangar_tool_calls_total{job="mcp-hangar", status=~"success|error|timeout"}' },
          },
        },
      ],
      [
        "95",
        {
          ratio: {
            errors: { metric: 'mcp_hangar_batch_items_total{job="mcp-hangar", status=~"error|timeout"}' },
            total: { metric: 'mcp_hangar_batch_items_total{job="mcp-hangar", status=~"success|error|timeout"}' },
          },
        },
      ],
    ]);
  });
});

describe("alerts for Grafana", () => {
  const [document] = exported("grafana-alerts");
  const rules: readonly Loose[] = document.groups.flatMap((group: Loose) => group.rules);

  test("are all alerts, each once, with ids that Grafana takes", () => {
    expect(rules.map(({ title }): string => title).toSorted()).toEqual(stack.alerts.map(({ id }) => id).toSorted());
    const uids = rules.map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(uids.length);
    expect(uids.filter((uid) => !/^[A-Za-z0-9_-]{1,40}$/.test(uid))).toEqual([]);
  });

  test("fire on any value, and stay silent without one", () => {
    for (const { condition, data, noDataState, missing_series_evals_to_resolve: resolves } of rules) {
      expect(data.map(({ refId }: Loose) => refId)).toEqual(["query", "any", "firing"]);
      expect({ condition, noDataState, resolves }).toEqual({ condition: "firing", noDataState: "OK", resolves: 1 });
      expect(isPromql(data[0].model.expr)).toBe(true);
    }
  });

  test("name their values as Grafana has them", () => {
    const texts = rules.flatMap(({ annotations }) => [annotations.summary, annotations.description]);
    expect(texts.some((text) => text.includes("{{ $values.query.Value | humanizePercentage }}"))).toBe(true);
    expect(texts.filter((text) => /\$value\b/.test(text))).toEqual([]);
  });

  test("are evaluated when Grafana's scheduler wakes", () => {
    const intervals = (overrides: MonitoringOverrides): readonly string[] =>
      exported("grafana-alerts", overrides)[0].groups.map(({ interval }: Loose) => interval);
    expect(new Set(intervals({}))).toEqual(new Set(["20s"]));
    expect(new Set(intervals({ evaluationInterval: "30s" }))).toEqual(new Set(["30s"]));
  });
});

test("every export says at its head what it does not carry over", () => {
  for (const name of EXPORT_NAMES) {
    const [content = ""] = Object.values(EXPORTS[name].files(stack));
    const head = content.split("\n").filter((line) => line.startsWith("#"));
    const words = head.map((line) => line.replace(/^# *-? */, "")).join(" ");
    for (const lost of EXPORTS[name].lost) expect(words).toContain(lost);
  }
});

test("exports are written where they are asked for, and nowhere else", () => {
  const plain = defaultFiles();
  expect([...plain.keys()].filter((path) => path.startsWith("exports/"))).toEqual([]);
  const all = generateMonitoring({}, { exports: EXPORT_NAMES });
  const added = [...all.keys()].filter((path) => !plain.has(path));
  expect(added).toEqual(EXPORT_NAMES.map((name) => `exports/${name}.yaml`).toSorted());
});

test("the command line refuses exports that do not exist, and says why there is none for Perses", async () => {
  const refused = await runCommand(["generate", "--out", "/nowhere", "--export", "openslo,nobl9"]);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('There is no export "nobl9": give some of openslo, sloth, pyrra, grafana-alerts.');
  const perses = await runCommand(["generate", "--out", "/nowhere", "--export", "perses"]);
  expect(perses.stderr).toContain("percli migrate");
});

/** What every object of Kubernetes has is not in the schema of a custom resource. */
function withoutMetadata({ metadata, ...rest }: Loose): Loose {
  expect(metadata.name).toMatch(/^[a-z0-9-]+$/);
  return rest;
}
