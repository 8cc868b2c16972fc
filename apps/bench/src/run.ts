import { contenderNames } from "./gateways/contenders.ts";
import type { BenchOptions } from "./options.ts";
import { peerNames } from "./peers/pins.ts";
import { cleanUp } from "./processes/launch.ts";
import type { Findings } from "./report/figure.ts";
import { scenarios } from "./scenarios/index.ts";
import { profile } from "./scenarios/profile.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** What one scenario found. */
export interface Section extends Findings {
  readonly scenario: string;
}

/**
 * Runs the wanted scenarios one after the other and gathers what they found; who found nothing is left out.
 * @throws Error when a call was answered wrongly, a program did not start, or a name is not known; nothing is left running.
 */
export async function run(options: BenchOptions, progress: (text: string) => void): Promise<readonly Section[]> {
  known("--contenders", options.contenders, [...contenderNames, ...peerNames]);
  known(
    "--only",
    options.only,
    scenarios.map(({ name }) => name),
  );
  const sections: Section[] = [];
  try {
    for (const scenario of chosen(options)) {
      const { tables, figures } = await scenario.run({
        options,
        progress: (text) => progress(`${scenario.name}: ${text}`),
      });
      sections.push({
        scenario: scenario.name,
        tables: tables.filter(({ rows }) => rows.length > 0),
        figures: figures.filter(({ value }) => !Number.isNaN(value)),
      });
    }
  } finally {
    cleanUp();
  }
  return sections.filter(({ tables, figures }) => tables.length + figures.length > 0);
}

function chosen(options: BenchOptions): readonly Scenario[] {
  if (options.profileFolder !== undefined) return [profile];
  return scenarios.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
}

function known(option: string, names: readonly string[], allowed: readonly string[]): void {
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new Error(`${option} names ${unknown}; give some of ${allowed.join(", ")}`);
}
