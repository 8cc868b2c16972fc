#!/usr/bin/env node
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command, CommanderError } from "commander";
import { ChecksFailed } from "./checks/index.ts";
import { diffCommand } from "./cli/diff.ts";
import { readOptions } from "./cli/read-options.ts";
import { InputUnusable } from "./diff/parse-lock.ts";
import { generateMonitoring, RUNBOOK_FOLDER } from "./generate.ts";
import { OptionsUnusable } from "./settings/check-overrides.ts";

const program = new Command("mcp-hangar-monitoring")
  .description("Generates, checks and compares the monitoring of MCP Hangar.")
  .addHelpText("after", "\nExit codes: 0 all is well, 1 something was found, 2 the command could not do its work.")
  .exitOverride();

program
  .command("generate")
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

program
  .command("check")
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
    for (const path of stale) process.stderr.write(`${path} is stale or missing: generate it again.\n`);
    if (stale.length > 0) process.exitCode = 1;
    else process.stdout.write(`${files.size} files are sound.\n`);
  });

program.addCommand(diffCommand().exitOverride());

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Says what went wrong, unless commander has. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isKnown = error instanceof ChecksFailed || error instanceof InputUnusable || error instanceof OptionsUnusable;
  // The file system says what it could not do, and with what.
  if (!(isKnown || (error instanceof Error && "syscall" in error))) throw error;
  process.stderr.write(`${error.message}\n`);
  return error instanceof ChecksFailed ? 1 : 2;
}

/** Where generated files are. */
interface Folders {
  readonly out: string;
  readonly runbooks?: string | undefined;
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
