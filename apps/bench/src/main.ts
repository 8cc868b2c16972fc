import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { helpText, parseOptions } from "./options.ts";
import { cleanUp } from "./processes/launch.ts";
import { meets } from "./report/figure.ts";
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
  } else {
    const { options, strict } = parsed;
    const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model ?? "unknown" };
    const findings = await run(options, (text) => process.stderr.write(`… ${text}\n`));
    const { seconds, rounds } = options;
    process.stdout.write(
      `Node ${machine.node}, ${machine.cpus} × ${machine.model}; ${rounds} rounds of ${seconds} s, medians\n\n${render(findings)}\n`,
    );
    if (options.jsonFile !== undefined) {
      writeFileSync(options.jsonFile, `${JSON.stringify({ machine, options, figures: findings.figures }, null, 2)}\n`);
    }
    const missed = findings.figures.some(({ value, target }) => target !== undefined && !meets(value, target));
    if (strict && missed) process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
