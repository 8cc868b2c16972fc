import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { OptionsUnusable } from "./check-overrides.ts";
import { defaultOptions, type MonitoringOverrides, resolveOptions } from "./options.ts";
import { optionsSchema } from "./options-schema.ts";

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(optionsSchema());

function isTaken(options: unknown): boolean {
  try {
    resolveOptions(options as MonitoringOverrides);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsUnusable);
    return false;
  }
}

test.each<readonly [what: string, options: unknown]>([
  ["nothing", {}],
  ["the defaults", JSON.parse(JSON.stringify(defaultOptions))],
  ["a name for editors", { $schema: "./options.schema.json" }],
  ["labels of the caller's choice", { kubernetes: { labels: { release: "x" } } }],
  ["an empty list", { targets: [] }],
  ["labels in a list that is empty by default", { targetLabels: ["cluster"] }],
  ["addresses", { targets: ["gateway", "[::1]:8000", "10.0.0.1:65535"], alertmanagers: ["am.example.com:1"] }],
  ["a job with what labels may hold", { jobName: 'Gateway "é" a|b' }],
  ["no wait for a group", { notifications: { groupWait: "0s" } }],
  ["a share of 0", { alerts: { HighErrorRate: { share: 0 } } }],
])("%s is admitted by the schema and taken", (_, options) => {
  expect(validate(options), JSON.stringify(validate.errors)).toBe(true);
  expect(isTaken(options)).toBe(true);
});

test.each<readonly [what: string, options: unknown]>([
  ["a section that does not exist", { alert: {} }],
  ["a text in place of a number", { alerts: { HighErrorRate: { share: "5%" } } }],
  ["a share in per cent", { alerts: { HighErrorRate: { share: 5 } } }],
  ["an objective of everything", { slos: { errors: { objective: 1 } } }],
  ["no duration", { scrapeInterval: "10 s" }],
  ["no severity", { alerts: { HighErrorRate: { severity: "fatal" } } }],
  ["a scheme that nobody speaks", { scrape: { scheme: "ftp" } }],
  ["half an item of a list", { burn: { windows: [{ long: "1h" }] } }],
  ["a version with three parts", { minimumPrometheus: "2.42.0" }],
  ["a URL in place of an address", { targets: ["http://gateway:8000"] }],
  ["an address with a path", { alertmanagers: ["am:9093/alertmanager"] }],
  ["an address with credentials", { alertmanagers: ["user:password@am:9093"] }],
  ["an empty address", { watchers: { prometheus: { targets: [""] } } }],
  ["an address with a space", { watchers: { prometheus: { targets: [" a:9090"] } } }],
  ["a port beyond the last", { watchers: { prometheus: { targets: ["a:65536"] } } }],
  ["a job without a name", { jobName: " " }],
  ["a watcher without a name", { watchers: { alertmanager: { jobName: "" } } }],
  ["a job that is a variable of Grafana", { watchers: { prometheus: { jobName: "$job" } } }],
  ["a label that is none", { targetLabels: ["a-b"] }],
  ["a label that Prometheus keeps for itself", { targetLabels: ["__name__"] }],
  ["scrapes without a pause", { scrapeInterval: "0s" }],
  ["notifications without a pause", { notifications: { groupInterval: "00m" } }],
  ["Basic as another authorization", { scrape: { authorization: { type: "basic" } } }],
  ["a list in place of all", []],
  ["a label that is no text", { kubernetes: { labels: { release: 1 } } }],
])("%s is refused by the schema and by the program", (_, options) => {
  expect(validate(options)).toBe(false);
  expect(isTaken(options)).toBe(false);
});

test("every option of the schema says its default, and every section what it is about", () => {
  const schema = optionsSchema() as {
    readonly properties: Readonly<Record<string, { readonly description?: string }>>;
  };
  expect(Object.keys(schema.properties).toSorted()).toEqual(["$schema", ...Object.keys(defaultOptions)].toSorted());
  expect(Object.entries(schema.properties).filter(([, { description = "" }]) => description === "")).toEqual([]);
});
