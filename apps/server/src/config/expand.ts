import type { SecretFileContent } from "./secret-files.ts";

/** What references are replaced from. */
export interface ExpansionSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The content of a file that `${file:…}` names. */
  readonly readFile: (path: string) => SecretFileContent;
}

/** What became of a string after `${…}` was replaced. */
export interface Expansion {
  readonly text: string;
  /** What went into it: names of variables, and files as `file:<path>`. */
  readonly variables: readonly string[];
  /** Names that are not set and have no default. */
  readonly missing: readonly string[];
  /** What is wrong with files that it names. */
  readonly fileProblems: readonly string[];
  /** A `${` that is not followed by a name and `}`, as written. */
  readonly malformed: string | undefined;
}

/** What a file is called among the variables that went into a text. */
const FILE_PREFIX = "file:";

/**
 * `$${` is a literal `${`; then `${NAME}`, `${NAME:-default}`, `${file:path}`, `${file:path:-default}`; and a `${` that is
 * none. Neither a default nor a path goes on over the next `${`, so that no text takes more than linear time.
 */
const REFERENCE =
  /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^}$]|\$(?!\{))*))?\}|\$\{file:((?:[^}$:]|:(?!-)|\$(?!\{))+)(?::-((?:[^}$]|\$(?!\{))*))?\}|\$\{.{0,20}/g;

/** Whether a name of {@link Expansion.variables} is a file, whose content is a secret whatever it is called. */
export function isFileReference(name: string): boolean {
  return name.startsWith(FILE_PREFIX);
}

/** A text in which variables and files are still names: without their defaults, which may be secrets. */
export function withoutDefaults(text: string): string {
  return replaceReferences(text, (whole, { name, file }) => {
    if (file !== undefined) return `\${${FILE_PREFIX}${file}}`;
    return name === undefined ? whole : `\${${name}}`;
  });
}

/** What of a text is left when its variables and files are taken out. */
export function literalPartOf(text: string): string {
  return replaceReferences(text, (whole, { name, file }) => (name === undefined && file === undefined ? whole : ""));
}

/**
 * Replaces references; a default also stands in for a variable or file that is empty, as in a shell. What a variable or file
 * contains is not expanded again.
 */
export function expandVariables(text: string, { env, readFile }: ExpansionSources): Expansion {
  const variables: string[] = [];
  const missing: string[] = [];
  const fileProblems: string[] = [];
  let malformed: string | undefined;
  const expanded = replaceReferences(text, (whole, { name, file, fallback }) => {
    if (whole === "$${") return "${";
    if (file !== undefined) {
      variables.push(`${FILE_PREFIX}${file}`);
      const content = readFile(file);
      if (content.kind === "text") return content.text;
      if (content.kind === "absent" && fallback !== undefined) return fallback;
      fileProblems.push(content.message);
      return "";
    }
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
  return { text: expanded, variables, missing, fileProblems, malformed };
}

interface Reference {
  readonly name: string | undefined;
  readonly file: string | undefined;
  readonly fallback: string | undefined;
}

function replaceReferences(text: string, replace: (whole: string, reference: Reference) => string): string {
  return text.replace(
    REFERENCE,
    (whole: string, name?: string, fallback?: string, file?: string, fileFallback?: string) =>
      replace(whole, { name, file, fallback: file === undefined ? fallback : fileFallback }),
  );
}
