import type { Readable } from "node:stream";
import { Command, CommanderError } from "commander";
import { ChecksFailed } from "../checks/index.ts";
import { InputUnusable } from "../diff/parse-lock.ts";
import { OptionsUnusable } from "../settings/check-overrides.ts";
import { diffCommand } from "./diff.ts";
import { failureJson } from "./failure-json.ts";
import { checkCommand, generateCommand } from "./generate.ts";
import { optionsCommand } from "./options.ts";
import { packageVersion } from "./package-version.ts";

/** What a command reads and prints; a process has it. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Says that the command did its work and found something. */
  readonly foundSomething: () => void;
}

/** Runs the command line. Resolves to the exit code: 0 all is well, 1 something was found, 2 it could not do its work. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const context: CommandContext = {
    terminal,
    foundSomething: () => {
      exitCode = 1;
    },
  };
  const program = new Command("mcp-hangar-monitoring")
    .description("Generates, checks and compares the monitoring of MCP Hangar. Begin with: options")
    .addHelpText("after", "\nExit codes: 0 all is well, 1 something was found, 2 the command could not do its work.")
    .version(packageVersion(), "--version", "print the version of the package")
    .addCommand(optionsCommand(context))
    .addCommand(generateCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(diffCommand(context));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, terminal, args.includes("--json"));
  }
}

/** Says what went wrong, unless commander has. */
function exitCodeOf(error: unknown, { stdout, stderr }: Terminal, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isKnown = error instanceof ChecksFailed || error instanceof InputUnusable || error instanceof OptionsUnusable;
  // The file system says what it could not do, and with what.
  if (!(isKnown || (error instanceof Error && "syscall" in error))) throw error;
  const json = asJson ? failureJson(error) : undefined;
  if (json === undefined) stderr.write(`${error.message}\n`);
  else stdout.write(json);
  return error instanceof ChecksFailed ? 1 : 2;
}
