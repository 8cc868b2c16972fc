import { SEVERITIES } from "../names.ts";

/** Keys and indexes from the whole of the options to one place in them. */
export type OptionPath = readonly (string | number)[];

/** What may stand in one place of the options: for messages, and for the JSON Schema. */
export interface Allowed {
  /** As JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** As a request: `give a number`. */
  readonly says: string;
  readonly admits: (value: unknown) => boolean;
}

/** Objects whose keys the caller chooses. Their values are texts. */
const OPEN: ReadonlySet<string> = new Set(["kubernetes.labels"]);

/** Numbers that are parts of a whole. */
const SHARES: ReadonlySet<unknown> = new Set(["share", "objective", "quantile", "budgetShare"]);

const DURATION = /^\d+[smhdw]$/;

/** Whether the caller chooses the keys of the object in this place. */
export function isOpen(path: OptionPath): boolean {
  return OPEN.has(path.join("."));
}

/** What is allowed in a place whose default is a text, a number or a switch. */
export function allowedAt(path: OptionPath, model: unknown): Allowed {
  const key = path.at(-1);
  switch (typeof model) {
    case "boolean":
      return {
        schema: { type: "boolean" },
        says: "give true or false",
        admits: (value) => typeof value === "boolean",
      };
    case "number":
      return SHARES.has(key) ? share : number;
    default:
      return textAt(path, String(model));
  }
}

function textAt(path: OptionPath, model: string): Allowed {
  const special = SPECIAL.get(path.filter((key) => typeof key === "string").join("."));
  if (special !== undefined) return special;
  if (path.join(".") === "scrape.scheme") return oneOf(["http", "https"]);
  if (path.join(".") === "logs.format") return oneOf(["json", "otlp"]);
  if (path.at(-1) === "severity") return oneOf(SEVERITIES);
  if (path.join(".") === "minimumPrometheus") return text(/^\d+\.\d+$/, "give two numbers with a point, such as 2.42");
  if (DURATION.test(model)) return text(DURATION, "give a whole number and one of s, m, h, d, w, such as 5m");
  return text(undefined, "give a text");
}

const number: Allowed = {
  schema: { type: "number" },
  says: "give a number",
  admits: (value) => typeof value === "number",
};

const share: Allowed = {
  schema: { type: "number", minimum: 0, exclusiveMaximum: 1 },
  says: "give a number from 0 to below 1, such as 0.05 for 5 %",
  admits: (value) => typeof value === "number" && value >= 0 && value < 1,
};

function oneOf(values: readonly string[]): Allowed {
  return {
    schema: { enum: values },
    says: `give ${values.length > 2 ? `one of ${values.join(", ")}` : values.join(" or ")}`,
    admits: (value) => values.some((each) => each === value),
  };
}

function text(pattern: RegExp | undefined, says: string): Allowed {
  return {
    schema: { type: "string", ...(pattern === undefined ? {} : { pattern: pattern.source }) },
    says,
    admits: (value) => typeof value === "string" && (pattern?.test(value) ?? true),
  };
}

/** A host, and a port if it is none of those of HTTP and HTTPS. */
const address = text(
  /^(?:\[[\dA-Fa-f:.]+\]|[^\s/@:?#[\]]+)(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?$/,
  "give host:port, such as localhost:9090, without a scheme, credentials and a path",
);
// Grafana would take a dollar sign for the beginning of a variable.
const job = text(/^[^$]*[^$\s][^$]*$/, "give a name, without $");
const someTime = text(/^0*[1-9]\d*[smhdw]$/, "give a whole number above 0 and one of s, m, h, d, w, such as 5m");

/** Texts that Prometheus or Alertmanager would refuse, and with them the whole configuration. */
const SPECIAL: ReadonlyMap<string, Allowed> = new Map([
  ["targets", address],
  ["alertmanagers", address],
  ["watchers.prometheus.targets", address],
  ["jobName", job],
  ["watchers.prometheus.jobName", job],
  ["watchers.alertmanager.jobName", job],
  ["targetLabels", text(/^(?!__)[A-Za-z_]\w*$/, "give the name of a label: letters, digits and _, such as cluster")],
  ["scrapeInterval", someTime],
  ["scrapeTimeout", someTime],
  ["evaluationInterval", someTime],
  ["notifications.groupInterval", someTime],
  ["notifications.repeatInterval", someTime],
  ["receivers.heartbeat.repeatInterval", someTime],
  [
    "scrape.authorization.type",
    text(/^(?![Bb][Aa][Ss][Ii][Cc]$)[\w-]+$/, "give a scheme such as Bearer; for Basic set scrape.basicAuth"),
  ],
]);
