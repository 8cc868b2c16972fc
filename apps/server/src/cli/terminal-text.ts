/**
 * What a terminal obeys and people do not see: control characters but line breaks and tabs, marks that turn the direction of
 * text, line separators, and tags. Servers write what is printed, and a terminal that is given commands can be made to forge lines,
 * set titles and the clipboard, or type.
 */
const COMMANDS = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text for people, in which what a terminal would obey is spelled out. Also where none reads it: it may come to one later. */
export function terminalText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(COMMANDS, (character) => `\\u{${hexadecimal(character)}}`);
}

/** The same as one line, whatever stands in it: a line break in a name would forge a line of its own, a tab a column. */
export function terminalLine(text: string): string {
  return terminalText(text).replaceAll(/[\n\t]/g, (character) => `\\u{${hexadecimal(character)}}`);
}

/** A value as JSON that a terminal may be shown: the same value, with more of it as escapes. */
export function terminalJson(value: unknown): string {
  return escapedJson(JSON.stringify(value, undefined, 2));
}

/** JSON as a terminal may be shown it: it means the same. */
export function escapedJson(json: string): string {
  return json.replaceAll(COMMANDS, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Prints text for people, and a line break. */
export function printText(text: string): void {
  writeTo(process.stdout, `${terminalText(text)}\n`);
}

/** Prints JSON for scripts. */
export function printJson(value: unknown): void {
  writeTo(process.stdout, `${terminalJson(value)}\n`);
}

/** Says on stderr what went wrong. */
export function printProblem(message: string): void {
  writeTo(process.stderr, `${terminalText(`mcp-hangar: ${message}`)}\n`);
}

/** Writes text as it is. That its reader has seen enough (`| head`) is no error. */
export function writeTo(stream: NodeJS.WriteStream, text: string): void {
  if (!stream.listeners("error").includes(onWriteError)) stream.on("error", onWriteError);
  stream.write(text);
}

/** What could not be written. Nobody reads any more, or the disk is full: then the command ends, and says so where it can. */
export function onWriteError(this: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  if (this === process.stdout) printProblem(`the output cannot be written: ${error.message}`);
  process.exit(1);
}

function hexadecimal(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
}
