import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { workFolder } from "../processes/launch.ts";
import { median } from "../report/statistics.ts";
import type { Scenario } from "./scenario.ts";

const run = promisify(execFile);

/** Generations in one process, of which the first ones warm it up; a hasty measurement makes do with one that counts. */
const repetitions = 12;
const warmUps = 2;
const hastySeconds = 0.1;
/** Milliseconds for a step that shall take one second. */
const patienceMs = 60_000;

/** Time to generate, check and write the whole monitoring: what it adds to a build, and to each look at a change. */
export const monitoring: Scenario = {
  name: "monitoring",
  title: "Monitoring generated",
  async run({ options, progress }) {
    const cold: number[] = [];
    const warm: number[] = [];
    const cli = program(
      options.fromSources
        ? "../../../../packages/monitoring/src/cli.ts"
        : "../../../../packages/monitoring/dist/cli.js",
    );
    const conditions = options.fromSources ? ["--conditions=@mcp-hangar/source"] : [];
    const times = options.seconds < hastySeconds ? warmUps + 1 : repetitions;
    for (let round = 0; round < options.rounds; round++) {
      progress(`generation ${round + 1} of ${options.rounds}`);
      const folder = mkdtempSync(join(workFolder(), "monitoring-"));
      const startMs = performance.now();
      await node([...conditions, cli, "generate", "--out", folder]);
      cold.push(performance.now() - startMs);
      if (readdirSync(folder).length === 0) throw new Error(`${cli} generate wrote nothing`);
      const tookMs = await node([...conditions, program("../generators/repeat.ts"), String(times), folder]);
      // The program prints an array of numbers and nothing else.
      warm.push(median((JSON.parse(tookMs) as readonly number[]).slice(warmUps)));
    }
    return {
      tables: [],
      figures: [
        {
          id: "monitoring.cold",
          label: "monitoring generated, process start included",
          value: median(cold) / 1_000,
          unit: "s",
          target: { atMost: 1 },
        },
        {
          id: "monitoring.warm",
          label: "monitoring generated again in the same process",
          value: median(warm) / 1_000,
          unit: "s",
          target: { atMost: 1 },
        },
      ],
    };
  },
};

async function node(args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { timeout: patienceMs });
  return stdout;
}

function program(path: string): string {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (!existsSync(file)) throw new Error(`${file} does not exist; run \`pnpm build\` first`);
  return file;
}
