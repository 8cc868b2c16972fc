interface Types {
  readonly string: string;
  readonly number: number;
  readonly array: readonly unknown[];
  readonly object: object;
}

/** Names of fields, and of what type they are. */
type Fields = Readonly<Record<string, keyof Types>>;

/**
 * Whether a parsed JSON value is an object with fields of these types. Commands that ask a running gateway check its answers with
 * it: loading schemas would take longer than all the rest.
 */
export function hasFields<const Wanted extends Fields>(
  value: unknown,
  fields: Wanted,
): value is { readonly [Name in keyof Wanted]: Types[Wanted[Name]] } {
  if (typeof value !== "object" || value === null) return false;
  const found = new Map<string, unknown>(Object.entries(value));
  return Object.entries(fields).every(([name, type]) => isOfType(found.get(name), type));
}

function isOfType(value: unknown, type: keyof Types): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
