import type { Readable } from "node:stream";

/** Calls back with each line of a stream of text. The end of one is looked for in each chunk once, so that a long line costs no more than its length. */
export function onLines(stream: Readable, onLine: (line: string) => void): void {
  const begun: string[] = [];
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      begun.push(chunk.slice(from, end));
      from = end + 1;
      const line = begun.length === 1 ? (begun[0] ?? "") : begun.join("");
      begun.length = 0;
      onLine(line);
    }
    if (from < chunk.length) begun.push(chunk.slice(from));
  });
}
