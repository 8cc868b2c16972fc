import type { z } from "zod";
import type { ConfigPath } from "./problem.ts";

/**
 * Validates `root` and, where the schema wants a number, a boolean or a word of a list but finds text that means one,
 * tries again with the meant value. Text means a number or boolean only where `mayBeText` says that it came out of a
 * variable; `port: "80"` stays the error it is. Words match in any case.
 */
export function settleScalars<Schema extends z.ZodType>(
  schema: Schema,
  root: unknown,
  mayBeText: (path: ConfigPath) => boolean,
): z.ZodSafeParseResult<z.output<Schema>> {
  const first = schema.safeParse(root);
  if (first.success) return first;
  let settled = root;
  for (const issue of first.error.issues) {
    // Symbols cannot occur: the paths come from YAML.
    const path = issue.path as ConfigPath;
    settled = replaceIn(settled, path, (value) => meantValue(issue, value, mayBeText(path)));
  }
  return settled === root ? first : schema.safeParse(settled);
}

function meantValue(issue: z.core.$ZodIssue, value: unknown, mayBeText: boolean): unknown {
  if (typeof value !== "string") return value;
  if (issue.code === "invalid_value") return issue.values.find((allowed) => allowed === value.toLowerCase()) ?? value;
  if (!mayBeText || issue.code !== "invalid_type") return value;
  const text = value.trim();
  if (issue.expected === "number" || issue.expected === "int")
    return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : value;
  if (issue.expected === "boolean") return BOOLEANS.get(text.toLowerCase()) ?? value;
  return value;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** A copy of `tree` with another value at `path`; the same tree when nothing changes or the path does not exist. */
function replaceIn(tree: unknown, path: ConfigPath, replace: (value: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return replace(tree);
  if (typeof tree !== "object" || tree === null || !Object.hasOwn(tree, first)) return tree;
  const before: unknown = Reflect.get(tree, first);
  const after = replaceIn(before, rest, replace);
  if (after === before) return tree;
  return Array.isArray(tree) ? tree.with(Number(first), after) : { ...tree, [first]: after };
}
