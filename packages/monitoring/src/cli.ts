#!/usr/bin/env node
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { ChecksFailed } from "./checks/index.ts";
import { generateMonitoring, RUNBOOK_FOLDER } from "./generate.ts";
import type { MonitoringOverrides } from "./settings/options.ts";

const program = new Command("mcp-hangar-monitoring").description("Generates and checks the monitoring of MCP Hangar.");

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

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ChecksFailed)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
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

/** The file's owner answers for its types: the checks find thresholds and windows that make no sense. */
async function readOptions(file: string | undefined): Promise<MonitoringOverrides> {
  return file === undefined ? {} : (JSON.parse(await readFile(file, "utf8")) as MonitoringOverrides);
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
