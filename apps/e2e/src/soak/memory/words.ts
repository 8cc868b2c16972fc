import type { KindReport } from "./run.ts";

/** A report in one line. */
export function wordsOf({ kind, times, bytesEach, openFiles, processes }: KindReport): string {
  const bytes = `${bytesEach.perStep.toFixed(0)} ± ${bytesEach.error.toFixed(0)} bytes each`;
  const files = `open files ${openFiles[0]} → ${openFiles.at(-1)}`;
  return `${kind}: ${times} times, ${bytes}, ${files}, processes ${processes[0]} → ${processes.at(-1)}`;
}
