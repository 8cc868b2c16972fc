import { isSecretKey, redactText } from "@mcp-hangar/telemetry";
import type { z } from "zod";
import { nearest } from "../nearest.ts";
import type { ConfigDocument } from "./document.ts";
import { isFileReference } from "./expand.ts";
import type { ConfigPath, ConfigProblem } from "./problem.ts";
import { validKeysAt, valueAt } from "./schema-tree.ts";

/** What is needed to explain what zod found. */
export interface ExplainContext {
  readonly schema: z.core.$ZodType;
  readonly root: unknown;
  readonly document: ConfigDocument;
  /** Names the environment variable when the value at `path` came from one rather than from the file. */
  overriddenBy(path: ConfigPath): string | undefined;
}

/** Unknown keys of one section that are named: each is compared with all that there are. */
const UNKNOWN_KEYS_MAX = 50;
/** Longest piece of a value that a message repeats. */
const SHOWN_CHARACTERS_MAX = 60;

/** Turns an issue of zod into problems in words: the value, what is allowed and the nearest valid name. */
export function explainIssue(issue: z.core.$ZodIssue, context: ExplainContext): readonly ConfigProblem[] {
  // Symbols cannot occur: the paths come from YAML.
  const path = issue.path as ConfigPath;
  if (issue.code === "unrecognized_keys")
    return issue.keys.slice(0, UNKNOWN_KEYS_MAX).map((key) => unknownKey([...path, key], context));
  const variable = context.overriddenBy(path);
  const message =
    variable === undefined ? describe(issue, path, context) : `${variable}: ${describe(issue, path, context)}`;
  return [{ path, line: variable === undefined ? context.document.lineOf(path) : undefined, message }];
}

function unknownKey(path: ConfigPath, { schema, root, document }: ExplainContext): ConfigProblem {
  const valid = validKeysAt(schema, path.slice(0, -1), root) ?? [];
  const suggestion = nearest(String(path.at(-1)), valid);
  const remedy = suggestion === undefined ? `valid keys: ${valid.join(", ")}` : `did you mean ${suggestion}?`;
  return { path, line: document.lineOf(path), message: `unknown key; ${remedy}` };
}

function describe(issue: z.core.$ZodIssue, path: ConfigPath, context: ExplainContext): string {
  if (issue.code === "custom" && issue.params?.statement === true) return issue.message;
  const value = valueAt(context.root, path);
  const shown = show(value, path, context);
  if (issue.code === "invalid_key") return `not a valid id: ${issue.issues[0]?.message ?? issue.message}`;
  if (value === undefined) return `missing; expected ${expectation(issue)}`;
  const allowed = allowedValues(issue);
  const suggestion = allowed === undefined || typeof value !== "string" ? undefined : nearest(value, allowed);
  const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
  return `${shown} is not allowed; expected ${expectation(issue)}${hint}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  const allowed = allowedValues(issue);
  if (allowed !== undefined) return allowed.length === 1 ? (allowed[0] ?? "") : `one of ${allowed.join(", ")}`;
  switch (issue.code) {
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case "too_big":
      return `${issue.inclusive === true ? "at most" : "less than"} ${issue.maximum}${unit(issue.origin)}`;
    case "too_small":
      return `${issue.inclusive === true ? "at least" : "more than"} ${issue.minimum}${unit(issue.origin)}`;
    case "invalid_format":
      if (issue.format === "url") return "an http:// or https:// URL";
      // A pattern explains nothing; whoever wrote it says in words what it wants.
      return issue.format === "regex" ? issue.message.replace(/^must be /, "") : `text in the format ${issue.format}`;
    case "invalid_union":
      return [
        ...new Set(issue.errors.flatMap((errors) => errors.filter(({ path }) => path.length === 0).map(expectation))),
      ].join(" or ");
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a section (key: value)",
  record: "a section (key: value)",
};

function unit(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : "";
}

function allowedValues(issue: z.core.$ZodIssue): readonly string[] | undefined {
  if (issue.code === "invalid_value") return issue.values.map(String);
  // Discriminated unions say which discriminators they know, though the type of the issue does not.
  const { options } = issue as { readonly options?: readonly unknown[] };
  return issue.code === "invalid_union" && Array.isArray(options) ? options.map(String) : undefined;
}

function show(value: unknown, path: ConfigPath, { document }: ExplainContext): string {
  const names = [...path.map(String), ...document.variablesOf(path)];
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "a section";
  // Environment and headers of a server are where credentials live, whatever their names are.
  const isHidden = (name: string): boolean =>
    isSecretKey(name) || name === "env" || name === "headers" || name === "auth" || isFileReference(name);
  if (names.some(isHidden)) return "the value (hidden)";
  const text = redactText(JSON.stringify(value) ?? "nothing");
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
