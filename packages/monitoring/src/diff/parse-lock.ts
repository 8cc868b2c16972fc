import { z } from "zod";
import { type CatalogLock, LOCK_FORMAT, LOCK_KIND } from "./lock.ts";

/** A file is not what it should be. The message says what to do next. */
export class InputUnusable extends Error {
  override readonly name = "InputUnusable";
}

/** Metrics, rules or alerts in a file; the product has some fifty. Looking for renames compares all with all. */
const ITEMS_MAX = 1_000;
/** Labels of one metric. */
const LABELS_MAX = 50;
/** Values of one label, and boundaries of one histogram. */
const VALUES_MAX = 1_000;
const TEXT_MAX = 2_000;

/** Names are printed on terminals, so they must be what Prometheus admits as names. */
const nameSchema = z
  .string()
  .max(200)
  .regex(/^[a-zA-Z_:][\w:]*$/);
const textSchema = z
  .string()
  .max(TEXT_MAX)
  .regex(/^\P{Cc}*$/u, "must not contain control characters");

const labelSchema = z.union([
  z.strictObject({ name: nameSchema, values: z.array(textSchema).max(VALUES_MAX) }),
  z.strictObject({ name: nameSchema, namesOf: textSchema, absent: textSchema }),
  z.strictObject({ name: nameSchema }),
]);

const ruleShape = { name: nameSchema, labels: unique(labelSchema, LABELS_MAX) };

const lockSchema: z.ZodType<CatalogLock> = z.strictObject({
  kind: z.literal(LOCK_KIND),
  format: z.literal(LOCK_FORMAT),
  metrics: unique(
    z.strictObject({
      ...ruleShape,
      type: z.enum(["counter", "gauge", "histogram"]),
      help: textSchema,
      buckets: z.array(z.number()).max(VALUES_MAX).optional(),
    }),
    ITEMS_MAX,
  ),
  recordingRules: unique(z.strictObject(ruleShape), ITEMS_MAX),
  alerts: unique(z.strictObject(ruleShape), ITEMS_MAX),
});

/**
 * Reads the text of a `catalog.json`; `source` says in messages where it is from.
 * @throws InputUnusable when it is no JSON, no catalog, or one of a later format.
 */
export function parseLock(text: string, source: string): CatalogLock {
  const content = jsonOf(text, source);
  const { kind, format } = Object(content) as { readonly kind?: unknown; readonly format?: unknown };
  if (kind !== LOCK_KIND) {
    throw new InputUnusable(
      `${source} is no catalog of MCP Hangar: its "kind" is not "${LOCK_KIND}". Give a catalog.json that "mcp-hangar-monitoring generate" wrote.`,
    );
  }
  if (typeof format === "number" && format > LOCK_FORMAT) {
    throw new InputUnusable(
      `${source} has the format ${format}, and this version reads ${LOCK_FORMAT}: a later version wrote it. Compare with the mcp-hangar-monitoring of that version.`,
    );
  }
  const parsed = lockSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputUnusable(
    `${source} is damaged: ${placeOf(issue?.path ?? [])}: ${printable(issue?.message ?? "")}. Generate it again with the version that it is from.`,
  );
}

/** A list in which each name occurs once. */
function unique<Item extends { readonly name: string }>(
  item: z.ZodType<Item>,
  max: number,
): z.ZodType<readonly Item[]> {
  return z
    .array(item)
    .max(max)
    .refine((items) => new Set(items.map(({ name }) => name)).size === items.length, "a name occurs twice");
}

function jsonOf(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the file, which may be anything.
    throw new InputUnusable(
      `${source} is not JSON. Give a catalog.json; perhaps it was cut short, or is another file.`,
    );
  }
}

function placeOf(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? "the whole"
    : path.map((key) => (typeof key === "number" ? `[${key}]` : String(key))).join(".");
}

/** What a message quotes from the file must not reach a terminal as it is. */
function printable(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, "?").slice(0, 200);
}
