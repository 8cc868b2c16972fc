/** One place where the repository breaks a rule of its architecture, with what to do about it. */
export interface Violation {
  /** Path from the root of the repository, with forward slashes. */
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  /** What is wrong there, with the offending name. */
  readonly rule: string;
  /** What to do instead. */
  readonly mend: string;
}

/** Writes a violation as one line that an editor can jump to. */
export function describeViolation({ file, line, rule, mend }: Violation): string {
  return `${file}:${line}: ${rule}; ${mend}`;
}

/** The line number, from 1, of an offset in a text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** The line number of the first occurrence of a needle, or 1 where it does not occur. */
export function lineOf(text: string, needle: string): number {
  const offset = text.indexOf(needle);
  return offset < 0 ? 1 : lineAt(text, offset);
}
