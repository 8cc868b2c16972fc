/** What became of a string after `${…}` was replaced. */
export interface Expansion {
  readonly text: string;
  /** Names of the variables that went into it. */
  readonly variables: readonly string[];
  /** Names that are not set and have no default. */
  readonly missing: readonly string[];
  /** A `${` that is not followed by a name and `}`, as written. */
  readonly malformed: string | undefined;
}

/** `$${` is a literal `${`; then `${NAME}`, `${NAME:-default}`; and a `${` that is neither. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{.{0,20}/g;

/** A text in which variables are still names: without their defaults, which may be secrets. */
export function withoutDefaults(text: string): string {
  return text.replace(REFERENCE, (whole: string, name: string | undefined) =>
    name === undefined ? whole : `\${${name}}`,
  );
}

/** What of a text is left when its variables are taken out. */
export function literalPartOf(text: string): string {
  return text.replace(REFERENCE, (whole: string, name: string | undefined) => (name === undefined ? whole : ""));
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` from `env`; the default also stands in for an empty variable, as in a shell.
 * What a variable contains is not expanded again.
 */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const variables: string[] = [];
  const missing: string[] = [];
  let malformed: string | undefined;
  const expanded = text.replace(REFERENCE, (whole: string, name: string | undefined, fallback: string | undefined) => {
    if (whole === "$${") return "${";
    if (name === undefined) {
      malformed ??= whole;
      return whole;
    }
    variables.push(name);
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value === undefined) missing.push(name);
    return value ?? "";
  });
  return { text: expanded, variables, missing, malformed };
}
