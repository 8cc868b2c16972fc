import { readFileSync, writeFileSync } from "node:fs";
import { helpText, parseOptions } from "./options.ts";
import { cleanUp } from "./processes/launch.ts";
import { figuresOf, meets } from "./report/figure.ts";
import { type KeptRun, keptRun } from "./report/kept-run.ts";
import { pageOf } from "./report/page.ts";
import { render } from "./report/print.ts";
import { run } from "./run.ts";

// A signal ends the bench at once, and whatever it started with it.
process.on("exit", cleanUp);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

try {
  // pnpm runs this in the package's folder and tells here where the user stands.
  const parsed = parseOptions(process.argv.slice(2), process.env.INIT_CWD);
  if (parsed.help) {
    process.stdout.write(helpText);
  } else if (parsed.files.page !== undefined && parsed.files.from !== undefined) {
    // Written by --json; what is none makes a page that nobody will take for one.
    const kept = JSON.parse(readFileSync(parsed.files.from, "utf8")) as KeptRun;
    writeFileSync(parsed.files.page, pageOf(kept));
  } else {
    const { options, strict, files } = parsed;
    const kept = keptRun(options);
    const sections = await run(options, (text) => process.stderr.write(`… ${text}\n`));
    const { node, cpus, model } = kept.machine;
    const { seconds, rounds } = options;
    process.stdout.write(
      `Node ${node}, ${cpus} × ${model}; ${rounds} rounds of ${seconds} s, medians\n\n${render(sections)}\n`,
    );
    if (files.json !== undefined) writeFileSync(files.json, `${JSON.stringify({ ...kept, sections }, null, 2)}\n`);
    if (files.page !== undefined) writeFileSync(files.page, pageOf({ ...kept, sections }));
    const missed = figuresOf(sections).some(({ value, target }) => target !== undefined && !meets(value, target));
    if (strict && missed) process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
