import { resolveOptions } from "../../src/settings/options.ts";
import { buildStack } from "../../src/stack.ts";
import { equivalents } from "./equivalents.ts";
import { mutantsOf } from "./mutants.ts";
import { describeMutant, scoreOf } from "./score.ts";

/** Plays the scenarios against every damaged rule and prints the score. `node main.ts <part of an alert's name>`. */
const [, , part = ""] = process.argv;
const mutants = mutantsOf(buildStack(resolveOptions())).filter(({ alert }) => alert.includes(part));
const started = performance.now();
const seconds = (): number => Math.round((performance.now() - started) / 1_000);
const { killed, survived, equivalent } = await scoreOf(mutants, (played, alive) =>
  process.stderr.write(`${played} of ${mutants.length} played in ${seconds()} s, ${alive.length} not noticed\n`),
);

const lines = [...Map.groupBy(mutants, ({ operator }) => operator)].map(([operator, all]) => {
  const noticed = all.filter((mutant) => killed.includes(mutant)).length;
  const same = equivalent.filter(([mutant]) => all.includes(mutant)).length;
  return `${operator.padEnd(20)} ${String(noticed).padStart(4)} of ${all.length - same} noticed, ${same} equivalent`;
});
const reasons = equivalents.map(({ reason }) => {
  const count = equivalent.filter(([, own]) => own === reason).length;
  return `  ${String(count).padStart(4)}: ${reason}`;
});
const score = (100 * killed.length) / (killed.length + survived.length);
process.stdout.write(
  [
    ...lines,
    "",
    `${killed.length} of ${killed.length + survived.length} mutants noticed: ${score.toFixed(1)} %, in ${seconds()} s`,
    `${equivalent.length} equivalent ones are not counted:`,
    ...reasons,
    ...survived.map((mutant) => `survived: ${describeMutant(mutant)}`),
    "",
  ].join("\n"),
);
process.exitCode = survived.length === 0 ? 0 : 1;
