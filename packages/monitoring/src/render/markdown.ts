/** Width of a line of Markdown in this project. */
const LINE_LENGTH = 118;

/** A fenced block. */
export function fenced(language: string, content: string): string {
  return `\`\`\`${language}\n${content}\n\`\`\``;
}

/** A table; its cells must contain no line breaks. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A paragraph in lines of usual length; code and links are never broken. `first` begins it, such as `- ` or `1. `. */
export function paragraph(text: string, first = ""): string {
  const words = text.match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? [];
  const lines: string[] = [];
  let line = first.trimEnd();
  for (const word of words) {
    if (line.trim() !== "" && line.length + 1 + word.length > LINE_LENGTH) {
      lines.push(line);
      line = `${" ".repeat(first.length)}${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
