#!/usr/bin/env node
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { ChecksFailed } from "./checks/index.ts";
import { generateMonitoring } from "./generate.ts";
import type { MonitoringOverrides } from "./settings/options.ts";

const program = new Command("mcp-hangar-monitoring").description("Generates and checks the monitoring of MCP Hangar.");

program
  .command("generate")
  .description("write the files of the monitoring stack")
  .requiredOption("--out <folder>", "where the files go")
  .option("--options <file>", "a JSON file with what differs from the defaults")
  .action(async ({ out, options }: { readonly out: string; readonly options?: string }) => {
    for (const [path, content] of generateMonitoring(await readOptions(options))) {
      const file = join(out, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  });

program
  .command("check")
  .description("check the stack, and with --out that the files there are those that would be generated")
  .option("--out <folder>", "the generated files")
  .option("--options <file>", "a JSON file with what differs from the defaults")
  .action(async ({ out, options }: { readonly out?: string; readonly options?: string }) => {
    const files = generateMonitoring(await readOptions(options));
    const stale: string[] = [];
    for (const [path, content] of out === undefined ? [] : files) {
      if ((await contentOf(join(out ?? "", path))) !== content) stale.push(path);
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
