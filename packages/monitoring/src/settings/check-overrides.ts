import { distance } from "fastest-levenshtein";
import { SEVERITIES } from "../names.ts";
import { toSeconds } from "../promql/duration.ts";

/** Options have keys or values that mean nothing. The message lists all of them, each with what to do. */
export class OptionsUnusable extends Error {
  override readonly name = "OptionsUnusable";
}

/** Problems that a message lists; a file that is something else altogether has many. */
const PROBLEMS_MAX = 20;
/** Characters of a key or value that a message repeats. */
const QUOTED_MAX = 100;

/** Objects whose keys the caller chooses. Their values are texts. */
const OPEN: ReadonlySet<string> = new Set(["kubernetes.labels"]);

/**
 * Compares what a caller gives with the defaults, which have every key: a key that is not there is a typing error, and
 * taking the default instead of it would be silent. Whether numbers make sense is for the checks of the stack.
 * @throws OptionsUnusable
 */
export function checkOverrides(overrides: unknown, defaults: unknown): void {
  const problems = problemsIn(overrides, defaults, []);
  if (problems.length === 0) return;
  const more = problems.length > PROBLEMS_MAX ? [`… and ${problems.length - PROBLEMS_MAX} more`] : [];
  throw new OptionsUnusable(["The options cannot be used:", ...problems.slice(0, PROBLEMS_MAX), ...more].join("\n  "));
}

type Path = readonly (string | number)[];

function problemsIn(given: unknown, model: unknown, path: Path): readonly string[] {
  if (given === undefined) return [];
  if (Array.isArray(model)) return problemsInList(given, model, path);
  if (isRecord(model)) return problemsInObject(given, model, path);
  if (typeof given !== typeof model) return [`${place(path)} is ${quoted(given)}: give ${KINDS[typeof model]}.`];
  if (typeof given === "number" && !Number.isFinite(given))
    return [`${place(path)} is ${given}: give a finite number.`];
  if (path.join(".") === "scrape.scheme" && given !== "http" && given !== "https") {
    return [`${place(path)} is ${quoted(given)}: give http or https.`];
  }
  return typeof given === "string" && typeof model === "string" ? problemsInText(given, model, path) : [];
}

const KINDS: Readonly<Record<string, string>> = { string: "a text", number: "a number", boolean: "true or false" };

function problemsInObject(given: unknown, model: Readonly<Record<string, unknown>>, path: Path): readonly string[] {
  if (!isRecord(given)) return [`${place(path)} is ${quoted(given)}: give an object.`];
  const isOpen = OPEN.has(path.join("."));
  return Object.entries(given).flatMap(([key, value]) => {
    if (isOpen) return problemsIn(value, "", [...path, key]);
    if (!Object.hasOwn(model, key)) return [`${place([...path, key])} does not exist: ${suggestion(key, model)}`];
    return problemsIn(value, model[key], [...path, key]);
  });
}

/** Lists replace the default as a whole, so that each item needs all keys. */
function problemsInList(given: unknown, model: readonly unknown[], path: Path): readonly string[] {
  if (!Array.isArray(given)) return [`${place(path)} is ${quoted(given)}: give a list.`];
  const [first] = model;
  return given.flatMap((item: unknown, index) => {
    const at = [...path, index];
    const missing =
      isRecord(first) && isRecord(item) ? Object.keys(first).filter((key) => !Object.hasOwn(item, key)) : [];
    return [
      ...missing.map((key) => `${place([...at, key])} is missing: the items of a list need every key.`),
      // Where the default is an empty list, its items are texts.
      ...problemsIn(item, first ?? "", at),
    ];
  });
}

/** The default tells what a text is: a span of time, a severity, or anything. */
function problemsInText(given: string, model: string, path: Path): readonly string[] {
  if (isDuration(model) && !isDuration(given)) {
    return [`${place(path)} is ${quoted(given)}: give a whole number and one of s, m, h, d, w, such as 5m.`];
  }
  if (path.at(-1) === "severity" && !SEVERITIES.some((severity) => severity === given)) {
    return [`${place(path)} is ${quoted(given)}: give one of ${SEVERITIES.join(", ")}.`];
  }
  return [];
}

function isDuration(text: string): boolean {
  try {
    // What is no duration throws.
    return toSeconds(text as Parameters<typeof toSeconds>[0]) >= 0;
  } catch {
    return false;
  }
}

function suggestion(key: string, model: Readonly<Record<string, unknown>>): string {
  const known = Object.keys(model).sort((a, b) => distance(key, a) - distance(key, b));
  const [nearest] = known;
  const isNear = nearest !== undefined && distance(key, nearest) <= Math.max(2, key.length / 3);
  return isNear ? `is it ${nearest}?` : `give one of ${known.toSorted().join(", ")}.`;
}

function place(path: Path): string {
  if (path.length === 0) return "the whole";
  return path.map((key, at) => (typeof key === "number" ? `[${key}]` : `${at === 0 ? "" : "."}${clean(key)}`)).join("");
}

function quoted(value: unknown): string {
  return clean(JSON.stringify(value) ?? String(value));
}

/** Files may come from anywhere, and messages go to terminals. */
function clean(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?").slice(0, QUOTED_MAX);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
