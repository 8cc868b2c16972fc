import { distance } from "fastest-levenshtein";
import { allowedAt, isOpen, type OptionPath } from "./allowed.ts";

/** One option that means nothing as it is given. */
export interface OptionProblem {
  /** `alerts.HighErrorRate.share`, `targets[0]`. */
  readonly path: string;
  /** `is "5%"`, `does not exist`, with the value as it was given, shortened. */
  readonly problem: string;
  /** What to do: `give a number`, `is it alerts?` */
  readonly allowed: string;
}

/** Problems that a message lists; a file that is something else altogether has many. */
const PROBLEMS_MAX = 20;
/** Characters of a key or value that a message repeats. */
const QUOTED_MAX = 100;

/** Options have keys or values that mean nothing. The message lists the first of them, each with what to do. */
export class OptionsUnusable extends Error {
  override readonly name = "OptionsUnusable";
  readonly problems: readonly OptionProblem[];

  constructor(problems: readonly OptionProblem[]) {
    const told = problems
      .slice(0, PROBLEMS_MAX)
      .map(({ path, problem, allowed }) => `${path} ${problem}: ${allowed}${allowed.endsWith("?") ? "" : "."}`);
    const more = problems.length > PROBLEMS_MAX ? [`… and ${problems.length - PROBLEMS_MAX} more`] : [];
    super(["The options cannot be used:", ...told, ...more].join("\n  "));
    this.problems = problems.slice(0, PROBLEMS_MAX);
  }
}

/**
 * Compares what a caller gives with the defaults, which have every key: a key that is not there is a typing error, and
 * taking the default instead of it would be silent. Whether numbers make sense together is for the checks of the stack.
 * @throws OptionsUnusable
 */
export function checkOverrides(overrides: unknown, defaults: unknown): void {
  const problems = problemsIn(overrides, defaults, []);
  if (problems.length > 0) throw new OptionsUnusable(problems);
}

function problemsIn(given: unknown, model: unknown, path: OptionPath): readonly OptionProblem[] {
  if (given === undefined) return [];
  if (Array.isArray(model)) return problemsInList(given, model, path);
  if (isRecord(model)) return problemsInObject(given, model, path);
  if (typeof given === "number" && !Number.isFinite(given)) {
    return [{ path: place(path), problem: `is ${given}`, allowed: "give a finite number" }];
  }
  const { says, admits } = allowedAt(path, model);
  return admits(given) ? [] : [misfit(given, says, path)];
}

function problemsInObject(
  given: unknown,
  model: Readonly<Record<string, unknown>>,
  path: OptionPath,
): readonly OptionProblem[] {
  if (!isRecord(given)) return [misfit(given, "give an object", path)];
  return Object.entries(given).flatMap(([key, value]) => {
    const at = [...path, key];
    if (isOpen(path)) return problemsIn(value, "", at);
    if (!Object.hasOwn(model, key)) {
      return [{ path: place(at), problem: "does not exist", allowed: suggestion(key, model) }];
    }
    return problemsIn(value, model[key], at);
  });
}

/** Lists replace the default as a whole, so that each item needs all keys. */
function problemsInList(given: unknown, model: readonly unknown[], path: OptionPath): readonly OptionProblem[] {
  if (!Array.isArray(given)) return [misfit(given, "give a list", path)];
  const [first] = model;
  return given.flatMap((item: unknown, index) => {
    const at = [...path, index];
    const missing =
      isRecord(first) && isRecord(item) ? Object.keys(first).filter((key) => !Object.hasOwn(item, key)) : [];
    return [
      ...missing.map((key) => ({
        path: place([...at, key]),
        problem: "is missing",
        allowed: "the items of a list need every key",
      })),
      // Where the default is an empty list, its items are texts.
      ...problemsIn(item, first ?? "", at),
    ];
  });
}

function misfit(given: unknown, allowed: string, path: OptionPath): OptionProblem {
  return { path: place(path), problem: `is ${quoted(given)}`, allowed };
}

function suggestion(key: string, model: Readonly<Record<string, unknown>>): string {
  const known = Object.keys(model).sort((a, b) => distance(key, a) - distance(key, b));
  const [nearest] = known;
  const isNear = nearest !== undefined && distance(key, nearest) <= Math.max(2, key.length / 3);
  return isNear ? `is it ${nearest}?` : `give one of ${known.toSorted().join(", ")}`;
}

function place(path: OptionPath): string {
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
