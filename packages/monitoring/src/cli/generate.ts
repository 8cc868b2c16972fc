import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { generateMonitoring, RUNBOOK_FOLDER } from "../generate.ts";
import type { CommandContext } from "./command-line.ts";
import { readOptions } from "./read-options.ts";

/** Where generated files are. */
interface Folders {
  readonly out: string;
  readonly runbooks?: string | undefined;
}

/** `generate`: writes the files. */
export function generateCommand(): Command {
  return new Command("generate")
    .description("write the files of the monitoring stack")
    .requiredOption("--out <folder>", "where the files go")
    .option("--runbooks <folder>", "where the runbooks go instead of <out>/runbooks")
    .option("--options <file>", "a JSON file with what differs from the defaults")
    .action(async ({ out, runbooks, options }: Folders & { readonly options?: string }) => {
      for (const [path, content] of generateMonitoring(await readOptions(options))) {
        const file = fileOf(path, { out, runbooks });
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
    });
}

/** `check`: what `generate` would refuse, and files that it would write otherwise. */
export function checkCommand({ terminal, foundSomething }: CommandContext): Command {
  return new Command("check")
    .description("check the stack, and with --out that the files there are those that would be generated")
    .option("--out <folder>", "the generated files")
    .option("--runbooks <folder>", "the runbooks, if they are not in <out>/runbooks")
    .option("--options <file>", "a JSON file with what differs from the defaults")
    .action(async ({ out, runbooks, options }: Partial<Folders> & { readonly options?: string }) => {
      const files = generateMonitoring(await readOptions(options));
      const stale: string[] = [];
      if (out !== undefined) {
        for (const [path, content] of files) {
          if ((await contentOf(fileOf(path, { out, runbooks }))) !== content) stale.push(path);
        }
      }
      for (const path of stale) terminal.stderr.write(`${path} is stale or missing: generate it again.\n`);
      if (stale.length > 0) foundSomething();
      else terminal.stdout.write(`${files.size} files are sound.\n`);
    });
}

function fileOf(path: string, { out, runbooks }: Folders): string {
  const isRunbook = path.startsWith(RUNBOOK_FOLDER) && runbooks !== undefined;
  return isRunbook ? join(runbooks, path.slice(RUNBOOK_FOLDER.length)) : join(out, path);
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
