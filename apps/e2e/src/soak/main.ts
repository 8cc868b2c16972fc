import { HELP, parseSoakArguments } from "./options.ts";
import { runSoak, type SoakReport } from "./run.ts";

const MEGABYTE = 1024 * 1024;

try {
  const { help, json, ...options } = parseSoakArguments(process.argv.slice(2));
  if (help) process.stdout.write(`${HELP}\n`);
  else {
    const report = await runSoak(options, ({ calls, residentBytes, heapBytes, openFiles, series }) => {
      const memory = [residentBytes, heapBytes].map((bytes) => (bytes / MEGABYTE).toFixed(0));
      process.stderr.write(
        `${calls} calls · ${memory[0]} MB, heap ${memory[1]} MB · ${openFiles} open files · ${series} series\n`,
      );
    });
    process.stdout.write(`${json ? JSON.stringify(report, undefined, 2) : words(report)}\n`);
    process.exitCode = report.violations.length === 0 ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function words({ options, seconds, faults, endings, logged, growth, quiet, violations }: SoakReport): string {
  const counts = Object.entries(endings).map(([ending, count]) => `${ending} ${count}`);
  const grown = Object.entries(growth).map(([what, ratio]) => `${what} ${ratio.toFixed(3)}`);
  return [
    `seed ${options.seed}, ${options.lanes} lanes, ${seconds.toFixed(0)} s`,
    `faults: ${faults.kills} kills, ${faults.restarts} restarts, ${faults.reloads} reloads`,
    `calls for their clients: ${counts.join(", ")}; in the log: ${logged}`,
    `last third against middle third: ${grown.join(", ")}`,
    `open files: ${quiet.before.openFiles} before, ${quiet.after.openFiles} after`,
    `series: ${quiet.before.series} before, ${quiet.after.series} after`,
    violations.length === 0 ? "everything adds up" : `VIOLATIONS:\n${violations.join("\n")}`,
  ].join("\n");
}
